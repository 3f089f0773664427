//! Datagrams of the SQL Server Resolution Protocol (MC-SQLR 2.2).
//!
//! Names are in the code page of the machine. Here that is Windows-1252 in the part that it shares with Latin-1; what is
//! beyond that is `?`, as conversions of Windows have it.

/// The longest name of an instance that a client may ask for, bytes.
const LONGEST_NAME: usize = 32;
/// The longest answer about one instance, and about all of a host, bytes.
const LONGEST_ONE: usize = 1024;
const LONGEST_ALL: usize = u16::MAX as usize;
/// What every answer begins with.
const ANSWER: u8 = 0x05;

/// What a client asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// All instances of the host: `CLNT_UCAST_EX`, or `CLNT_BCAST_EX`, which some clients send to one host too.
    All,
    /// One instance: `CLNT_UCAST_INST`.
    One(String),
    /// The port of the administrators' own connection to an instance: `CLNT_UCAST_DAC`.
    Administrators(String),
}

impl Request {
    /// Reads a datagram; nothing where it is no request.
    ///
    /// ASSUMED 53: a name without the zero at its end is taken, since drivers leave it out; whatever else is not as MC-SQLR
    /// has it is not answered. `wants_zero` is the opposite.
    pub fn read(datagram: &[u8], wants_zero: bool) -> Option<Self> {
        match datagram {
            [0x02 | 0x03] => Some(Self::All),
            [0x04, name @ ..] => read_name(name, wants_zero).map(Self::One),
            [0x0f, 0x01, name @ ..] => read_name(name, wants_zero).map(Self::Administrators),
            _ => None,
        }
    }
}

fn read_name(bytes: &[u8], wants_zero: bool) -> Option<String> {
    let name = match bytes.strip_suffix(&[0]) {
        None if wants_zero => return None,
        name => name.unwrap_or(bytes),
    };
    let right = (1..=LONGEST_NAME).contains(&name.len()) && !name.contains(&0);
    right.then(|| name.iter().map(|byte| char::from(*byte)).collect())
}

/// An instance as the service describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The machine, or the network name of a failover cluster instance.
    pub server: String,
    /// Its name, `MSSQLSERVER` for the default instance.
    pub name: String,
    /// Whether it is a failover cluster instance.
    pub clustered: bool,
    /// Version, `16.0.4125.3`.
    pub version: String,
    /// Its TCP port.
    pub port: u16,
}

impl Instance {
    fn text(&self) -> String {
        let clustered = if self.clustered { "Yes" } else { "No" };
        format!(
            "ServerName;{};InstanceName;{};IsClustered;{clustered};Version;{};tcp;{};;",
            self.server, self.name, self.version, self.port
        )
    }
}

/// The answer to a request, of a host that has these instances to show; nothing where the service is silent: about an
/// instance that it does not know, and where there is none at all (MC-SQLR 2.2.5).
///
/// It is silent about connections of administrators too: no instance here has one for other machines, as installed.
pub fn answer(request: &Request, instances: &[Instance]) -> Option<Vec<u8>> {
    let (text, longest) = match request {
        Request::All => (instances.iter().map(Instance::text).collect(), LONGEST_ALL),
        Request::One(name) => {
            let found = instances.iter().find(|one| one.name.to_lowercase() == name.to_lowercase())?;
            (found.text(), LONGEST_ONE)
        }
        Request::Administrators(_) => return None,
    };
    let data: Vec<u8> = text.chars().map(|one| u8::try_from(one).unwrap_or(b'?')).collect();
    let length = u16::try_from(data.len()).ok().filter(|_| (1..=longest).contains(&data.len()))?;
    let mut answer = vec![ANSWER];
    answer.extend_from_slice(&length.to_le_bytes());
    answer.extend_from_slice(&data);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(name: &str, port: u16) -> Instance {
        let (server, version) = ("ILSUNG1".to_owned(), "9.00.1399.06".to_owned());
        Instance { server, name: name.to_owned(), clustered: false, version, port }
    }

    /// The example of MC-SQLR 4.2: the instance YUKONSTD of ILSUNG1.
    #[test]
    fn the_example_of_the_specification_is_answered_as_there() {
        let all = [instance("YUKONSTD", 57_137), instance("YUKONDEV", 57_138)];
        let request = Request::read(b"\x04YUKONSTD\0", true).unwrap();
        let answer = answer(&request, &all).unwrap();
        let text = "ServerName;ILSUNG1;InstanceName;YUKONSTD;IsClustered;No;Version;9.00.1399.06;tcp;57137;;";
        assert_eq!(answer[..3], [0x05, 0x58, 0x00]);
        assert_eq!(String::from_utf8(answer[3..].to_vec()).unwrap(), text);
    }

    #[test]
    fn all_instances_are_told_in_one_answer() {
        let all = [instance("MSSQLSERVER", 1433), Instance { clustered: true, ..instance("B", 1500) }];
        for asked in [b"\x02", b"\x03"] {
            let answer = answer(&Request::read(asked, false).unwrap(), &all).unwrap();
            let text = String::from_utf8(answer[3..].to_vec()).unwrap();
            assert_eq!(text.split_terminator(";;").count(), 2, "{text}");
            assert!(text.contains("InstanceName;B;IsClustered;Yes;"), "{text}");
        }
        assert_eq!(answer(&Request::All, &[]), None);
    }

    #[test]
    fn names_are_asked_for_in_any_case_and_with_letters_of_the_code_page() {
        let all = [instance("VERKÄUFE", 1500)];
        let ask = |name: &[u8]| {
            let request = Request::read(&[b"\x04", name].concat(), false);
            answer(&request.unwrap(), &all)
        };
        let answer = ask(b"verk\xe4ufe").unwrap();
        assert!(answer.windows(8).any(|part| part == b"VERK\xc4UFE"));
        assert_eq!(ask(b"verk"), None);
    }

    #[test]
    fn what_is_no_request_is_not_read() {
        let long = [b"\x04".as_slice(), &[b'a'; 33], b"\0"].concat();
        for wrong in [
            b"".as_slice(),
            b"\x01",
            b"\x02\0",
            b"\x03a",
            b"\x04",
            b"\x04\0",
            b"\x04a\0b\0",
            &long,
            b"\x05a\0",
            b"\x0f",
            b"\x0f\x02A\0",
        ] {
            assert_eq!(Request::read(wrong, false), None, "{wrong:?}");
        }
        let without = &long[..long.len() - 2];
        assert!(Request::read(without, false).is_some() && Request::read(without, true).is_none());
        let administrators = Request::read(b"\x0f\x01A\0", true).unwrap();
        assert_eq!(administrators, Request::Administrators("A".to_owned()));
        assert_eq!(answer(&administrators, &[instance("A", 1)]), None);
    }
}
