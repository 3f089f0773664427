//! `SERVERPROPERTY`.

use rusqlite::types::Value;

use super::super::catalog;
use crate::world::instance::{Edition, SqlInstance};

/// A property by name, in any case; NULL for one that the version does not know. ["SERVERPROPERTY", 2025]
pub(super) fn property(engine: &SqlInstance, name: &str) -> Option<Value> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let number = |number: i64| Some(Value::Integer(number));
    let build = engine.shown_build();
    let version = engine.build.major;
    let since = |first: u8, value: Option<Value>| value.filter(|_| version >= first);
    let folder = engine.data_folder();
    let collation = engine.collation.as_str();
    let insensitive = !matches!(engine.comparing(), crate::world::collation::Collation::Exact);
    match name.to_ascii_lowercase().as_str() {
        "productversion" | "resourceversion" => text(&build.to_string()),
        "productmajorversion" => text(&build.major.to_string()),
        "productminorversion" => text(&build.minor.to_string()),
        "productbuild" => text(&build.build.to_string()),
        "productlevel" => text(build.level()),
        "productupdatelevel" => build.update().and_then(text),
        "productupdatereference" => build.article().and_then(text),
        "edition" => text(super::edition(engine)),
        "editionid" => number(match engine.edition {
            Edition::Enterprise => 1_872_460_670,
            Edition::Developer => -2_117_995_310,
            Edition::Standard => -1_534_726_760,
            Edition::Express => -1_592_396_055,
            Edition::Managed => 1_674_378_470,
        }),
        "engineedition" => number(engine.engine_edition().into()),
        "servername" => text(&engine.server_name()),
        "machinename" | "computernamephysicalnetbios" => text(&engine.machine_name),
        "instancename" => engine.instance_name.as_deref().and_then(text),
        "ishadrenabled" => number(engine.hadr_enabled.into()),
        "hadrmanagerstatus" => number(i64::from(engine.hadr_enabled)),
        "isclustered" => number(engine.clustered.into()),
        "collation" => text(collation),
        "collationid" => number(872_468_488),
        // Case and width and kana are left out of account, or nothing is.
        "comparisonstyle" => number(if insensitive { 196_609 } else { 0 }),
        "lcid" => number(if collation.to_ascii_uppercase().starts_with("TURKISH") { 1055 } else { 1033 }),
        "sqlcharset" => number(1),
        "sqlcharsetname" => text("iso_1"),
        "sqlsortorder" => number(if collation.starts_with("SQL_Latin1_General_CP1_CI_AS") { 52 } else { 0 }),
        "sqlsortordername" => text(if collation.starts_with("SQL_Latin1_General_CP1_CI_AS") {
            "nocase_iso"
        } else {
            "bin_ascii_8"
        }),
        "buildclrversion" => text("v4.0.30319"),
        "licensetype" => text("DISABLED"),
        "issingleuser" | "isintegratedsecurityonly" | "islocaldb" | "ispolybaseinstalled" => number(0),
        "isfulltextinstalled" | "isxtpsupported" | "isadvancedanalyticsinstalled" => number(1),
        "istempdbmetadatamemoryoptimized" | "isbigdatacluster" => since(15, number(0)),
        "isserversuspendedforsnapshotbackup" | "suspendeddatabasecount" | "isexternalauthenticationonly" => {
            since(16, number(0))
        }
        "filestreamconfiguredlevel" | "filestreameffectivelevel" => number(0),
        "filestreamsharename" => text(engine.service_name()),
        "processid" => number(catalog::PROCESS.into()),
        "instancedefaultdatapath" | "instancedefaultlogpath" => text(folder),
        "instancedefaultbackuppath" => since(15, text(folder)),
        "pathseparator" => since(14, text(if engine.linux { "/" } else { "\\" })),
        _ => None,
    }
}
