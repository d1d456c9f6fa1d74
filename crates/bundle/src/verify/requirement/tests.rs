use super::*;

fn data(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    let filling = vec![0; bytes.len().next_multiple_of(4) - bytes.len()];
    [&length.to_be_bytes(), bytes, &filling].concat()
}

fn op(number: u32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn requirements(expression: &[u8]) -> Vec<u8> {
    let total = |content: usize| u32::try_from(content).unwrap().to_be_bytes();
    let inner = [&op(EXPRESSION), expression].concat();
    let one = [
        &blob::REQUIREMENT.to_be_bytes()[..],
        &total(inner.len() + 8),
        &inner,
    ]
    .concat();
    [
        &blob::REQUIREMENTS.to_be_bytes()[..],
        &total(one.len() + 20),
        &total(1),
        &total(3),
        &total(20),
        &one,
    ]
    .concat()
}

/// What Apple's tools write for a Developer ID, in bytes and in words.
fn developer_id() -> (Vec<u8>, &'static str) {
    let extension = |place: u32, last: u8| {
        let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06, last];
        let oid = if last == 1 {
            [&oid[..], &[13]].concat()
        } else {
            [&oid[..], &[6]].concat()
        };
        [op(14), op(place), data(&oid), op(0)].concat()
    };
    let bytes = [
        op(6),
        op(6),
        op(6),
        op(6),
        [op(2), data(b"dev.apple-k8s.app")].concat(),
        op(15),
        extension(1, 2),
        extension(0, 1),
        [
            op(11),
            op(0),
            data(b"subject.OU"),
            op(1),
            data(b"0123456789"),
        ]
        .concat(),
    ]
    .concat();
    let words = "identifier \"dev.apple-k8s.app\" and anchor apple generic \
                 and certificate 1[field.1.2.840.113635.100.6.2.6] /* exists */ \
                 and certificate leaf[field.1.2.840.113635.100.6.1.13] /* exists */ \
                 and certificate leaf[subject.OU] = \"0123456789\"";
    (bytes, words)
}

#[test]
fn a_developers_requirement_reads_as_apple_prints_it() {
    let (bytes, words) = developer_id();
    let condition = Condition::designated(&requirements(&bytes))
        .unwrap()
        .unwrap();
    assert_eq!(condition.to_string(), words);
    assert!(condition.names("dev.apple-k8s.app"));
    assert!(!condition.names("dev.apple-k8s.other"));
}

#[test]
fn it_holds_for_that_developers_programs_only() {
    let (bytes, _) = developer_id();
    let condition = Condition::designated(&requirements(&bytes))
        .unwrap()
        .unwrap();
    let extension =
        |last: &[u8]| [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x63, 0x64, 0x06], last].concat();
    let signed = Signed {
        identifier: "dev.apple-k8s.app".into(),
        by_apple: true,
        certificates: vec![
            Certificate {
                subject: vec![("subject.OU".into(), "0123456789".into())],
                extensions: vec![extension(&[1, 13])],
                ..Certificate::default()
            },
            Certificate {
                extensions: vec![extension(&[2, 6])],
                ..Certificate::default()
            },
        ],
        ..Signed::default()
    };
    assert!(condition.holds(&signed));
    let mut other = signed.clone();
    other.identifier.push('x');
    assert!(!condition.holds(&other));
    let mut other = signed.clone();
    other.by_apple = false;
    assert!(!condition.holds(&other));
    let mut other = signed.clone();
    other.certificates[0].subject[0].1 = "9876543210".into();
    assert!(!condition.holds(&other));
    let mut other = signed;
    other.certificates.pop();
    assert!(!condition.holds(&other));
}

#[test]
fn what_is_not_understood_is_refused() {
    let whole = [op(2), data(b"abc")].concat();
    assert!(Condition::designated(&requirements(&whole)).is_ok());
    for bad in [
        op(99),
        [&whole[..], &[0; 4]].concat(),
        whole[..8].to_vec(),
        [op(2), vec![0, 0, 0, 3, b'a', b'b', b'c', 1]].concat(),
        op(6).repeat(40),
    ] {
        assert!(
            Condition::designated(&requirements(&bad)).is_err(),
            "{bad:?}"
        );
    }
}

#[test]
fn brackets_and_quotes_make_no_difference() {
    let ours = "identifier \"dev.app\" and certificate leaf[subject.OU] = TEAM";
    assert!(is_same(
        ours,
        "(identifier dev.app) and (certificate leaf[subject.OU] = \"TEAM\")"
    ));
    assert!(!is_same(
        ours,
        "identifier \"dev.app\" and certificate leaf[subject.OU] = TEAMS"
    ));
}
