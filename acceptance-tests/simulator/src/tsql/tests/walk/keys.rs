//! The master key, certificates, issuers and endpoints.

use super::{Step, deed, run, says, says_in};
use crate::world::assumption;
use crate::world::instance::Edition;

pub(super) fn steps() -> Vec<Step> {
    const KEY: &str = "Str0ng and long!";
    vec![
        says(15578, &[], "CREATE MASTER KEY ENCRYPTION BY PASSWORD = N'Str0ng and long!'"),
        says(15580, &[&"master key", &"certificate", &"endpoint_cert"], "DROP MASTER KEY"),
        says(
            15317,
            &[],
            "RESTORE MASTER KEY FROM FILE = N'x' DECRYPTION BY PASSWORD = N'a' ENCRYPTION BY PASSWORD = N'b'",
        ),
        says(15313, &[], "OPEN MASTER KEY DECRYPTION BY PASSWORD = N'wrong'"),
        says(15315, &[&"master key"], "CLOSE MASTER KEY"),
        run("ALTER MASTER KEY DROP ENCRYPTION BY SERVICE MASTER KEY"),
        says_in(3, 15581, &[], "CREATE CERTIFICATE c WITH SUBJECT = N'c'"),
        says(15329, &[], format!("ALTER MASTER KEY REGENERATE WITH ENCRYPTION BY PASSWORD = N'{KEY}'")),
        says(15585, &[], format!("ALTER MASTER KEY FORCE REGENERATE WITH ENCRYPTION BY PASSWORD = N'{KEY}'")),
        run(format!(
            "OPEN MASTER KEY DECRYPTION BY PASSWORD = N'{KEY}'; ALTER MASTER KEY ADD ENCRYPTION BY SERVICE MASTER KEY; CLOSE MASTER KEY"
        )),
        says(15232, &[&"endpoint_cert"], "CREATE CERTIFICATE endpoint_cert WITH SUBJECT = N'c'"),
        says(15212, &[&4096], "CREATE CERTIFICATE c WITH SUBJECT = N''"),
        says(
            15213,
            &[],
            "CREATE CERTIFICATE c1 WITH SUBJECT = N'c', START_DATE = '20300101', EXPIRY_DATE = '20290101'",
        ),
        says(
            15214,
            &[],
            "CREATE CERTIFICATE c2 WITH SUBJECT = N'c', START_DATE = '20100101', EXPIRY_DATE = '20110101'",
        ),
        says(
            15215,
            &[],
            "CREATE CERTIFICATE c3 WITH SUBJECT = N'c', START_DATE = '20900101', EXPIRY_DATE = '20990101'",
        ),
        says(
            33069,
            &[],
            "CREATE CERTIFICATE mixed FROM BINARY = 0x30 WITH PRIVATE KEY (FILE = 'k', DECRYPTION BY PASSWORD = 'x')",
        ),
        says(15297, &[], "CREATE CERTIFICATE c FROM BINARY = 0x3082"),
        says(15208, &[], "CREATE CERTIFICATE c FROM FILE = N'x.cer'"),
        run("BACKUP CERTIFICATE endpoint_cert TO FILE = N'X.cer'"),
        says(15240, &[&"x.cer"], "BACKUP CERTIFICATE endpoint_cert TO FILE = N'x.cer'"),
        says(15232, &[&"c"], "CREATE CERTIFICATE c FROM FILE = N'x.cer'"),
        run(
            "CREATE CERTIFICATE mapped WITH SUBJECT = N'mapped'; CREATE LOGIN mapped FROM CERTIFICATE mapped",
        ),
        says(15559, &[&"certificate", &"mapped", &"login"], "DROP CERTIFICATE mapped"),
        run("DROP LOGIN mapped; DROP CERTIFICATE mapped"),
        says(15352, &[&"certificate"], "DROP CERTIFICATE endpoint_cert"),
        run("CREATE CERTIFICATE held ENCRYPTION BY PASSWORD = N'Str0ng secret' WITH SUBJECT = N'held'"),
        says(
            15334,
            &[&"certificate"],
            "BACKUP CERTIFICATE held TO FILE = N'x' WITH PRIVATE KEY (FILE = N'y', ENCRYPTION BY PASSWORD = N'Str0ng other')",
        ),
        says(15465, &[], "ALTER CERTIFICATE held WITH PRIVATE KEY (DECRYPTION BY PASSWORD = N'wrong')"),
        says(
            15146,
            &[&"certificate"],
            "BACKUP CERTIFICATE held TO FILE = N'x' WITH PRIVATE KEY (FILE = N'y', DECRYPTION BY PASSWORD = N'Str0ng secret')",
        ),
        run("ALTER CERTIFICATE held WITH PRIVATE KEY (DECRYPTION BY PASSWORD = N'Str0ng secret')"),
        says(
            15397,
            &[&"certificate"],
            "ALTER CERTIFICATE held WITH PRIVATE KEY (DECRYPTION BY PASSWORD = N'Str0ng secret')",
        ),
        run("ALTER CERTIFICATE held REMOVE PRIVATE KEY"),
        says(15342, &[&"certificate", &"held"], "ALTER CERTIFICATE held REMOVE PRIVATE KEY"),
        says(
            15246,
            &[&"held"],
            "BACKUP CERTIFICATE held TO FILE = N'x' WITH PRIVATE KEY (FILE = N'y', ENCRYPTION BY PASSWORD = N'Str0ng other')",
        ),
        says(15151, &[&"drop", &"certificate", &"nothing"], "DROP CERTIFICATE nothing"),
        deed(|estate| {
            estate.opposites.insert(assumption::REFUSAL_NUMBERS);
        }),
        says(3716, &[&"certificate", &"endpoint_cert", &"endpoint"], "DROP CERTIFICATE endpoint_cert"),
    ]
}

pub(super) fn endpoints() -> Vec<Step> {
    const CREATE: &str =
        "CREATE ENDPOINT other AS TCP (LISTENER_PORT = 5023) FOR DATABASE_MIRRORING (ROLE = ALL)";
    vec![
        says(7862, &[], CREATE),
        says(7861, &[&"HTTP", &"SOAP"], "CREATE ENDPOINT e AS HTTP (SITE = 'x') FOR TSQL ()"),
        says(7869, &[&"TSQL other", &"TSQL "], CREATE.replace("other", "[TSQL other]")),
        says(7870, &[], CREATE.replace("other", "other AFFINITY = ADMIN")),
        says(7870, &[], "ALTER ENDPOINT hadr STATE = STARTED, AFFINITY = NONE"),
        says(7863, &[], "ALTER ENDPOINT hadr"),
        says(7860, &[], "ALTER ENDPOINT hadr FOR SERVICE_BROKER (AUTHENTICATION = WINDOWS)"),
        says(7874, &[], "ALTER ENDPOINT hadr AS TCP (LISTENER_PORT = 1433)"),
        deed(|estate| {
            let mut other = crate::scene::Scene::demonstration().unwrap().estate.sql_servers.remove(0);
            other.host = "other.corp.example".to_owned();
            other.aliases.clear();
            other.instance_name = Some("OTHER".to_owned());
            other.port = 5044;
            estate.sql_servers.push(other);
        }),
        says(7890, &[&"hadr"], "ALTER ENDPOINT hadr AS TCP (LISTENER_PORT = 5044)"),
        run("DROP ENDPOINT hadr"),
        says(47505, &[&4], "EXEC sp_get_endpoint_certificate 4"),
        run(CREATE),
        says(47506, &[&4], "EXEC sp_get_endpoint_certificate 4"),
        run("DROP ENDPOINT other"),
        deed(|estate| estate.sql_servers[0].edition = Edition::Express),
        says(7878, &[&"CREATE"], CREATE),
    ]
}

pub(super) fn issuers() -> Vec<Step> {
    const ROOT: &str = "DigiCert Global Root G2";
    const DNS: &str = "*.database.windows.net";
    const VALIDATE: &str =
        "DECLARE @id int = CERT_ID('endpoint_cert'); EXEC sp_validate_certificate_ca_chain @id";
    let call = |procedure: &str, dns: &str| format!("EXEC {procedure} 901, N'{dns}'");
    vec![
        says(37447, &[&ROOT, &DNS], call("sp_certificate_add_issuer", DNS)),
        says(37448, &[&ROOT, &"x.example", &"x.example"], call("sp_certificate_drop_issuer", "x.example")),
        says(15299, &[], VALIDATE),
        deed(|estate| {
            estate.opposites.insert(assumption::REFUSAL_NUMBERS);
        }),
        says(37449, &[], VALIDATE),
        deed(|estate| estate.sql_servers[0].build = "16.0.4295.3".parse().unwrap()),
        says(47504, &[&"DAG_Sales"], "EXEC sp_multidb_milink 1"),
        run("DROP AVAILABILITY GROUP DAG_Sales"),
        run("EXEC sp_multidb_milink 1"),
    ]
}
