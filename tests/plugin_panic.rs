//! The panic hook, in a process of its own, because there is one hook for all threads.

use std::sync::mpsc;

use terraform_provider_milink::plugin::panic;

#[test]
fn a_panic_is_reported_as_terraform_recognises_it() {
    let (reports, reported) = mpsc::channel();
    panic::install_with(move |report| {
        let _ = reports.send(report.to_owned());
    });
    let result = std::thread::spawn(|| panic!("row {} of none", 3)).join();
    assert!(result.is_err(), "the hook reports, it does not swallow");

    let report = reported.recv().unwrap();
    let (first, backtrace) = report.split_once("\n\n").unwrap();
    let expected = format!("panic: row 3 of none ({}:", file!());
    assert!(first.starts_with(&expected), "{first}");
    assert!(backtrace.contains("a_panic_is_reported"), "{backtrace}");
}
