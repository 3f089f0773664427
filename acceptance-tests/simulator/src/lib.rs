//! SQL Server instances, managed instances and Entra ID in one process, to rehearse Managed Instance links.
//!
//! | module | what |
//! | --- | --- |
//! | [`world`] | the one model of the world (`Estate`): objects, operations on them, replication on an accelerated clock |
//! | [`tds`] | the TDS face: wire protocol only |
//! | [`ssrp`] | the face of SQL Server Browser |
//! | [`tsql`] | T-SQL: parsed, bound against the server's version, executed on the world |
//! | [`arm`] | the ARM and Entra face over HTTPS |
//! | [`terraform`] | the real Terraform: found, or installed |
//! | [`rehearsal`] | a user's configuration, run on a copy and against the simulator |
//! | [`scene`] | what there is in a simulated world, as a file says it |
//! | [`control`] | the control API: look at the world, move its clock, do what Terraform does not expect |
//! | [`simulator`] | all of it in operation on loopback |
//! | [`probe`] | read-only checks of what the simulator says, against real servers |
//! | [`target`] | where files are left |
//! | [`journal`] | what both faces were asked and what they answered, without secrets |
//! | [`faults`] | fail, delay, hang, cut or kill at a chosen statement or call |

pub mod arm;
pub mod control;
pub mod faults;
pub mod journal;
pub mod probe;
pub mod rehearsal;
pub mod scene;
pub mod simulator;
pub mod ssrp;
pub mod target;
pub mod tds;
pub mod terraform;
pub mod tsql;
pub mod world;
