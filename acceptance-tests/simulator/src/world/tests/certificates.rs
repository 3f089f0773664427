//! Trust over time, and the create-only uploads.

use super::*;
use crate::world::assumption;

#[test]
fn expiry_breaks_reconnects_but_no_connection() {
    let bench = Bench::linked();
    // The instance's certificate lives 150 days more.
    bench.advance(200 * 24 * HOUR);
    assert!(bench.connected());
    bench.sql("ALTER ENDPOINT [hadr] AS TCP (LISTENER_PORT = 5022)");
    bench.advance(60);
    assert!(!bench.connected());
    assert_eq!(bench.link().databases[0].error.as_deref(), Some("41974"));
    assert_eq!(bench.state(), "LinkSynchronizing");
}

#[test]
fn removed_trust_breaks_reconnects_but_no_connection() {
    let bench = Bench::linked();
    bench.done(bench.world.delete_trust_certificate(&bench.path, "endpoint_cert"));
    assert!(bench.connected());
    bench.sql("ALTER ENDPOINT [hadr] AS TCP (LISTENER_PORT = 5022)");
    bench.advance(60);
    assert!(!bench.connected());
    assert_eq!(bench.link().databases[0].error.as_deref(), Some("41973"));
}

#[test]
fn uploads_are_create_only() {
    let bench = Bench::new();
    let der =
        |subject: &str| rcgen::generate_simple_self_signed([subject.into()]).unwrap().cert.der().to_vec();
    let (first, second) = (der("one"), der("two"));
    let upload = |name: &str, der: &[u8]| {
        let accepted = bench.world.upload_trust_certificate(&bench.path, name, der.to_vec()).unwrap();
        bench.advance(20);
        match bench.standing(&accepted) {
            Standing::Failed { code, .. } => code,
            other => format!("{other:?}"),
        }
    };
    assert_eq!(upload("a", &first), "Succeeded");
    assert_eq!(upload("A", &second), "CertificateAlreadyExists");
    assert_eq!(upload("b", &first), "CertificateAlreadyExists");
    assert_eq!(upload("b", &second), "Succeeded", "two live side by side");
    assert_eq!(upload("a", &first), "Succeeded");
    bench.opposite(assumption::SAME_CERTIFICATE);
    assert_eq!(upload("a", &first), "CertificateAlreadyExists");
    bench.opposite(assumption::SEVERAL_CERTIFICATES);
    assert_eq!(upload("c", &der("three")), "CertificateAlreadyExists");
}

#[test]
fn operations_last_some_time_or_ten_times_as_long() {
    for (opposite, still, done) in [(None, 9, 2), (Some(assumption::OPERATION_TIMES), 99, 2)] {
        let bench = Bench::new();
        opposite.into_iter().for_each(|number| bench.opposite(number));
        let der = rcgen::generate_simple_self_signed(["one".into()]).unwrap().cert.der().to_vec();
        let accepted = bench.world.upload_trust_certificate(&bench.path, "a", der).unwrap();
        bench.advance(still);
        assert!(matches!(bench.standing(&accepted), Standing::InProgress), "{opposite:?}");
        bench.advance(done);
        assert!(matches!(bench.standing(&accepted), Standing::Succeeded), "{opposite:?}");
    }
}

#[test]
fn the_instance_presents_a_certificate_of_its_zone() {
    let bench = Bench::new();
    let shown = bench.world.endpoint_certificates(&bench.path);
    assert_eq!(shown[0].name, "DATABASE_MIRRORING");
    let leaf = x509::read("leaf", &shown[0].der).unwrap();
    let zone = bench.fqdn.split_once('.').unwrap().1;
    assert_eq!(leaf.subject, zone);
    assert!(leaf.issuer.contains("Microsoft Azure RSA TLS Issuing CA"), "{}", leaf.issuer);
    bench.with_instance(|managed| {
        let endpoint = managed.engine.endpoint.as_ref().unwrap();
        assert_eq!(endpoint.port, 5022);
        let own = managed.engine.certificate_by_id(endpoint.authentication.certificate.unwrap());
        assert_eq!(own.unwrap().der, managed.endpoint_chain[0]);
    });
}

#[test]
fn the_chain_may_end_in_the_other_documented_root() {
    let bench = Bench::prepared();
    bench.opposite(assumption::ROOT);
    bench.create(request()).unwrap();
    bench.advance(30);
    assert_eq!(bench.link().databases[0].error.as_deref(), Some("41974"));
}

#[test]
fn the_presented_chain_is_checked_link_by_link() {
    let holds = |spoil: &dyn Fn(&mut ManagedInstance)| {
        let bench = Bench::prepared();
        bench.with_instance(spoil);
        bench.create(request()).unwrap();
        bench.advance(30);
        bench.link().databases[0].error.clone()
    };
    let refused = Some("41974".to_owned());
    assert_eq!(holds(&|_| ()), None);
    assert_eq!(
        holds(&|managed| managed.endpoint_chain.truncate(1)),
        refused,
        "the issuing authority is missing"
    );
    let other = x509::InstanceCertificates::make(
        "mi-other.abc.database.windows.net",
        time::OffsetDateTime::now_utc(),
    );
    let other = other.unwrap();
    let chain = |managed: &mut ManagedInstance| managed.endpoint_chain.clone_from(&other.chain);
    assert_eq!(holds(&chain), refused, "another name, another root");
    let rotated = |managed: &mut ManagedInstance| {
        let fresh =
            x509::InstanceCertificates::make(&managed.view.fqdn, time::OffsetDateTime::now_utc()).unwrap();
        managed.endpoint_chain = fresh.chain;
        managed.roots[0].1 = fresh.root;
    };
    assert_eq!(holds(&rotated), None, "the certificate that SQL Server has need not be the presented one");
}

#[test]
fn a_renewed_certificate_disturbs_neither_connections_nor_reconnects() {
    let bench = Bench::linked();
    let shown = |bench: &Bench| bench.world.endpoint_certificates(&bench.path)[0].der.clone();
    let before = shown(&bench);
    bench.advance(200 * 24 * HOUR);
    bench.sql("ALTER ENDPOINT [hadr] AS TCP (LISTENER_PORT = 5022)");
    bench.advance(60);
    assert!(!bench.connected(), "the old one has expired");
    let now = bench.world.now();
    bench.with_instance(|managed| managed.renew_certificate(now)).unwrap();
    bench.advance(30);
    assert!(bench.connected(), "the root vouches for the new one");
    assert_ne!(shown(&bench), before);
    bench.with_instance(|managed| {
        let own = managed.engine.certificate_by_id(256).unwrap();
        assert_eq!(own.der, managed.endpoint_chain[0]);
    });
}
