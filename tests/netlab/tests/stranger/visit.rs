//! Dialling a node with nothing but TLS, and talking at it.
//!
//! The client here is none of Covey's, so all that a node says to a stranger is seen as it is:
//! its certificate, and every byte on every stream.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv6Addr, SocketAddr, TcpStream, UdpSocket},
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use quinn::crypto::rustls::QuicClientConfig;
use rcgen::{CertificateParams, KeyPair, PKCS_ED25519};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::ParsedCertificate,
    version::TLS13,
};

use crate::PATIENCE;

/// Something to say on a stream of its own.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) protocol: &'static str,
    pub(crate) words: Vec<u8>,
    pub(crate) then: Then,
}

/// What a node is to do about it before it ends the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It says nothing.
    Ends,
    /// It says something.
    Answers,
    /// It says what it ever said to this.
    Repeats,
}

/// What a node showed and said.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) certificate: Vec<u8>,
    /// To each attempt, behind the greeting.
    pub(crate) answers: Vec<Vec<u8>>,
}

/// What libp2p calls a node that showed this certificate.
pub(crate) fn peer_id(certificate: &[u8]) -> Result<Vec<u8>> {
    let certificate = CertificateDer::from(certificate);
    let spki = ParsedCertificate::try_from(&certificate)?.subject_public_key_info();
    let key = spki.last_chunk::<32>().context("a key")?;
    Ok([&[0, 36, 8, 1, 18, 32], &key[..]].concat())
}

impl Attempt {
    /// Behind the name of its protocol.
    fn said(&self) -> Vec<u8> {
        [self.greeting(), self.words.clone()].concat()
    }

    /// How streams begin, on both sides: each line behind its length.
    fn greeting(&self) -> Vec<u8> {
        let lines = ["/multistream/1.0.0", self.protocol].map(|line| format!("{line}\n"));
        lines.iter().flat_map(|line| [&[line.len() as u8], line.as_bytes()].concat()).collect()
    }

    /// Whether that is what a node should say to it: what comes after the greeting.
    fn check(&self, heard: &[u8]) -> Result<Vec<u8>> {
        let said = heard.strip_prefix(&*self.greeting()).context("no greeting came back")?;
        let speaks = matches!(self.then, Then::Answers | Then::Repeats);
        ensure!(speaks != said.is_empty(), "{self:?} was answered: {}", said.escape_ascii());
        Ok(said.to_vec())
    }
}

/// Over QUIC.
pub(crate) fn by_quic(at: SocketAddr, attempts: &[Attempt]) -> Result<Visit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async { tokio::time::timeout(PATIENCE, dialled(at, attempts)).await? })
}

async fn dialled(at: SocketAddr, attempts: &[Attempt]) -> Result<Visit> {
    let mut plain = quinn::EndpointConfig::default();
    plain.grease_quic_bit(false); // or they would be free to hide theirs
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0))?;
    let endpoint = quinn::Endpoint::new(plain, None, socket, Arc::new(quinn::TokioRuntime))?;
    let tls = QuicClientConfig::try_from(config(b"h3")?)?;
    let config = quinn::ClientConfig::new(Arc::new(tls));
    let connection = endpoint.connect_with(config, at, NAME)?.await?;
    let shown = connection.peer_identity().context("a certificate")?;
    let shown = shown.downcast::<Vec<CertificateDer<'_>>>().ok().context("a certificate")?;
    let certificate = shown.first().context("a certificate")?.to_vec();
    let mut streams = Vec::new();
    for attempt in attempts {
        let (mut send, recv) = connection.open_bi().await?;
        send.write_all(&attempt.said()).await?;
        streams.push((send, recv, vec![0; attempt.greeting().len()]));
    }
    for (_, recv, heard) in &mut streams {
        recv.read_exact(heard).await?;
        while let Ok(Some(chunk)) = recv.read_chunk(usize::MAX, true).await {
            heard.extend(chunk.bytes);
        }
    }
    let heard = streams.iter().zip(attempts);
    let answers = heard.map(|((_, _, heard), attempt)| attempt.check(heard)).collect::<Result<_>>();
    Ok(Visit { certificate, answers: answers? })
}

/// Over TLS on TCP, with yamux inside.
pub(crate) fn by_tcp(at: SocketAddr, attempts: &[Attempt]) -> Result<Visit> {
    let socket = TcpStream::connect_timeout(&at, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let tls = ClientConnection::new(Arc::new(config(b"h2")?), NAME.try_into()?)?;
    let mut tls = StreamOwned::new(tls, socket);
    for (number, attempt) in (0_u32..).zip(attempts) {
        let said = attempt.said();
        let [stream, len] = [2 * number + 1, u32::try_from(said.len())?].map(u32::to_be_bytes);
        tls.write_all(&[&[0, DATA, 0, BEGIN], &stream[..], &len, &said].concat())?;
    }
    let mut heard = vec![(Vec::new(), false); attempts.len()];
    while heard.iter().any(|(_, ended)| !ended) {
        let mut head = [0; 12];
        tls.read_exact(&mut head)?;
        let [_, kind, _, flags, s0, s1, s2, s3, l0, l1, l2, l3] = head;
        let [stream, len] = [[s0, s1, s2, s3], [l0, l1, l2, l3]].map(u32::from_be_bytes);
        let mut said = vec![0; if kind == DATA { usize::try_from(len)? } else { 0 }];
        tls.read_exact(&mut said)?;
        let stream = usize::try_from(stream / 2)?;
        if let Some((all, ended)) = heard.get_mut(stream).filter(|_| kind <= WINDOW) {
            all.extend(said);
            *ended |= flags & (END | RESET) != 0;
        }
    }

    let shown = tls.conn.peer_certificates().and_then(<[_]>::first).context("a certificate")?;
    let answers = attempts.iter().zip(&heard).map(|(attempt, (said, _))| attempt.check(said));
    Ok(Visit { certificate: shown.to_vec(), answers: answers.collect::<Result<_>>()? })
}

/// A client with a key of its own that takes whatever certificate it is shown.
fn config(alpn: &[u8]) -> Result<ClientConfig> {
    let key = KeyPair::generate_for(&PKCS_ED25519)?;
    let certificate = CertificateParams::default().self_signed(&key)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_client_auth_cert(vec![certificate.into()], key.into())?;
    config.alpn_protocols = vec![alpn.to_vec()];
    config.enable_sni = false;
    Ok(config)
}

#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

const NAME: &str = "l";
// yamux: kinds of frames, and what they may say of their stream
const DATA: u8 = 0;
const WINDOW: u8 = 1;
const BEGIN: u8 = 1;
const END: u8 = 4;
const RESET: u8 = 8;
