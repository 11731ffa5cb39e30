//! The few facts of an X.509 certificate or revocation list that libpq looks at and the TLS library does not tell.

/// What is read from a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Object identifier of the signature algorithm, as its DER contents.
    pub signature: Vec<u8>,
    /// Common names of the subject.
    pub common_names: Vec<String>,
    /// It has a subjectAltName extension.
    pub alternative_names: bool,
    /// X.509 version: 1, 2 or 3.
    pub version: u8,
    /// Valid from and to, as `YYYYMMDDHHMMSS` in UTC.
    pub validity: (String, String),
    /// Serial number, as its DER contents.
    pub serial: Vec<u8>,
    /// Name of who signed it, as its DER contents.
    pub issuer: Vec<u8>,
    /// Name of whose it is, as its DER contents.
    pub subject: Vec<u8>,
    /// Algorithm of the public key, as its DER contents, and the key.
    pub key: (Vec<u8>, Vec<u8>),
}

/// A certificate revocation list, version 1 or 2.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revocations {
    /// Name of who signed it, as its DER contents.
    pub issuer: Vec<u8>,
    /// When a newer one is to be expected, as `YYYYMMDDHHMMSS` in UTC.
    pub next: Option<String>,
    /// Serial numbers, as their DER contents.
    pub serials: Vec<Vec<u8>>,
    /// It has an extension that must be understood, which none is.
    pub critical: bool,
    /// What is signed.
    pub signed: Vec<u8>,
    /// Algorithm of the signature, as its DER contents, and the signature.
    pub signature: (Vec<u8>, Vec<u8>),
}

const BOOLEAN: u8 = 0x01;
const BIT_STRING: u8 = 0x03;
const LIST_EXTENSIONS: u8 = 0xa0;
const SEQUENCE: u8 = 0x30;
const OID: u8 = 0x06;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// Reads a certificate; `None` when it is malformed.
pub fn facts(certificate: &[u8]) -> Option<Facts> {
    let mut whole = Reader(certificate).within(SEQUENCE)?;
    let mut body = whole.within(SEQUENCE)?;
    let mut algorithm = whole.within(SEQUENCE)?;
    let mut facts = Facts { signature: algorithm.take(OID)?.to_vec(), version: 1, ..Facts::default() };
    if body.tag() == Some(VERSION) {
        facts.version = body.within(VERSION)?.any()?.1.last()?.checked_add(1)?;
    }
    facts.serial = body.any()?.1.to_vec();
    let _algorithm = body.any()?;
    facts.issuer = body.take(SEQUENCE)?.to_vec();
    let mut validity = body.within(SEQUENCE)?;
    facts.validity = (time(validity.any()?), time(validity.any()?));
    let subject = body.take(SEQUENCE)?;
    facts.subject = subject.to_vec();
    facts.common_names = common_names(Reader(subject));
    let mut key = body.within(SEQUENCE)?;
    if let Some(algorithm) = key.take(SEQUENCE) {
        facts.key = (algorithm.to_vec(), bits(key.take(BIT_STRING)?)?);
    }
    while let Some((tag, contents)) = body.any() {
        if tag == EXTENSIONS {
            facts.alternative_names = has_alternative_names(contents)?;
        }
    }
    Some(facts)
}

/// Reads a revocation list; `None` when it is malformed.
pub fn revocations(list: &[u8]) -> Option<Revocations> {
    let mut whole = Reader(list).within(SEQUENCE)?;
    let before = whole.0;
    let mut body = whole.within(SEQUENCE)?;
    let mut out = Revocations {
        signed: before.get(..before.len() - whole.0.len())?.to_vec(),
        signature: (whole.take(SEQUENCE)?.to_vec(), bits(whole.take(BIT_STRING)?)?),
        ..Revocations::default()
    };
    if body.tag() != Some(SEQUENCE) {
        let _version = body.any()?;
    }
    let _algorithm = body.any()?;
    out.issuer = body.take(SEQUENCE)?.to_vec();
    let _this_update = body.any()?;
    if matches!(body.tag(), Some(UTC_TIME | GENERALIZED_TIME)) {
        out.next = Some(time(body.any()?));
    }
    if body.tag() == Some(SEQUENCE) {
        let mut entries = body.within(SEQUENCE)?;
        while let Some(mut entry) = entries.within(SEQUENCE) {
            out.serials.push(entry.any()?.1.to_vec());
            let _date = entry.any()?;
            if let Some(extensions) = entry.take(SEQUENCE) {
                out.critical |= has_critical(Reader(extensions));
            }
        }
    }
    if body.tag() == Some(LIST_EXTENSIONS) {
        out.critical |= has_critical(Reader(body.any()?.1).within(SEQUENCE)?);
    }
    Some(out)
}

fn has_critical(mut extensions: Reader<'_>) -> bool {
    while let Some(mut extension) = extensions.within(SEQUENCE) {
        let _id = extension.any();
        if extension.tag() == Some(BOOLEAN) && extension.any().is_some_and(|(_, v)| v != [0]) {
            return true;
        }
    }
    false
}

/// The bytes of a bit string, of which none may be unused.
fn bits(contents: &[u8]) -> Option<Vec<u8>> {
    contents.strip_prefix(&[0]).map(<[u8]>::to_vec)
}

fn common_names(mut subject: Reader<'_>) -> Vec<String> {
    let mut names = vec![];
    while let Some((_, set)) = subject.any() {
        let mut set = Reader(set);
        while let Some(mut pair) = set.within(SEQUENCE) {
            if pair.take(OID) == Some(COMMON_NAME)
                && let Some((_, value)) = pair.any()
            {
                names.extend(String::from_utf8(value.to_vec()));
            }
        }
    }
    names
}

fn has_alternative_names(extensions: &[u8]) -> Option<bool> {
    let mut list = Reader(extensions).within(SEQUENCE)?;
    while let Some(mut extension) = list.within(SEQUENCE) {
        if extension.take(OID)? == SUBJECT_ALT_NAME {
            return Some(true);
        }
    }
    Some(false)
}

/// UTCTime has two digits for the year: 50 and above are of the last century (RFC 5280).
fn time((tag, text): (u8, &[u8])) -> String {
    let digits: String = text.iter().map(|b| char::from(*b)).filter(char::is_ascii_digit).collect();
    match tag {
        UTC_TIME if digits.as_str() < "50" => format!("20{digits}"),
        UTC_TIME => format!("19{digits}"),
        _ => digits,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn tag(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            let (bytes, after) = rest.split_at_checked(usize::from(first & 0x7f))?;
            if bytes.len() > 4 {
                return None;
            }
            length = bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b));
            rest = after;
        }
        let (contents, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((tag, contents))
    }

    fn take(&mut self, wanted: u8) -> Option<&'a [u8]> {
        let (tag, contents) = self.any()?;
        (tag == wanted).then_some(contents)
    }

    fn within(&mut self, wanted: u8) -> Option<Self> {
        self.take(wanted).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value: tag, length, contents.
    fn v(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
        let body = contents.concat();
        let mut out = vec![tag];
        match body.len() {
            n if n < 0x80 => out.push(n as u8),
            n => out.extend([0x82, (n >> 8) as u8, n as u8]),
        }
        out.extend(body);
        out
    }

    fn certificate(with_names: bool) -> Vec<u8> {
        let algorithm = v(SEQUENCE, &[&v(OID, &[&[1, 2, 3]])]);
        let name =
            v(SEQUENCE, &[&v(0x31, &[&v(SEQUENCE, &[&v(OID, &[COMMON_NAME]), &v(0x0c, &[b"db.example"])])])]);
        let validity = v(SEQUENCE, &[&v(UTC_TIME, &[b"250102030405Z"]), &v(0x18, &[b"20600102030405Z"])]);
        let extension = v(SEQUENCE, &[&v(OID, &[SUBJECT_ALT_NAME]), &v(4, &[&[0; 200]])]);
        let extensions = v(EXTENSIONS, &[&v(SEQUENCE, &[&extension])]);
        let mut parts: Vec<Vec<u8>> =
            vec![v(2, &[&[7]]), algorithm.clone(), name.clone(), validity, name, v(SEQUENCE, &[])];
        if with_names {
            parts.insert(0, v(VERSION, &[&v(2, &[&[2]])]));
            parts.push(extensions);
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        v(SEQUENCE, &[&v(SEQUENCE, &parts), &algorithm, &v(3, &[&[0]])])
    }

    #[test]
    fn facts_of_a_certificate() {
        let f = facts(&certificate(true)).unwrap();
        assert_eq!(f.signature, [1, 2, 3]);
        assert_eq!(f.common_names, ["db.example"]);
        assert_eq!(f.validity, ("20250102030405".into(), "20600102030405".into()));
        assert_eq!((f.version, f.alternative_names), (3, true));
        let f = facts(&certificate(false)).unwrap();
        assert_eq!((f.version, f.alternative_names), (1, false));
    }

    #[test]
    fn a_cut_certificate_does_no_harm() {
        let whole = certificate(true);
        for cut in 0..whole.len() {
            let _ = facts(&whole[..cut]);
        }
    }
}
