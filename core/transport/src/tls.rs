//! TLS 1.3 in which both ends show a certificate self-signed by their node key.
//!
//! The claim is possession of the key, and TLS itself proves it: CertificateVerify is a signature
//! with that key over this very handshake, and rustls checks it. A peer has no other name that an
//! issuer could vouch for, so chain, dates, names and the certificate's own signature are not
//! looked at: it is merely the commonest envelope for a public key. Whether the peer is the one
//! that was wanted is checked by who dialled.
//!
//! So the node key signs transcripts of TLS (64 spaces, then "TLS 1.3, client CertificateVerify"):
//! it must never sign bytes of somebody else's choosing without a prefix of ours.
//!
//! An onlooker sees the ClientHello of plain rustls without a server name; certificates, also the
//! client's, are encrypted. Raw public keys (RFC 7250) would spare the certificate but add two
//! extensions to the ClientHello that hardly anybody sends. Whoever dials learns the listener's key.

use std::{fmt::Display, sync::Arc};

use libp2p_identity::{Keypair, PeerId, PublicKey, ed25519};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring as provider, verify_tls13_signature},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime, alg_id},
    server::{
        ParsedCertificate,
        danger::{ClientCertVerified, ClientCertVerifier},
    },
    sign::{CertifiedKey, SingleCertAndKey, public_key_to_spki},
};

/// rustls wants one; here it is neither sent nor checked.
pub(crate) const SERVER_NAME: &str = "l";

/// What precedes an Ed25519 secret key in PKCS #8 (RFC 8410, section 7).
const PKCS8: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";

/// Settings for dialling and listening that prove that we hold `identity`.
pub(crate) fn configs(
    identity: &Keypair,
    alpn: &[u8],
) -> Result<(ClientConfig, ServerConfig), Error> {
    let identity = identity.clone().try_into_ed25519().map_err(general)?;
    let key = PrivatePkcs8KeyDer::from([&PKCS8, identity.secret().as_ref()].concat());
    let certificate = self_signed(&KeyPair::try_from(&key).map_err(general)?)?;
    let signing = provider::sign::any_eddsa_type(&key)?;
    configs_with(CertifiedKey::new(vec![certificate], signing), alpn)
}

/// The peer whose certificate comes first, if its key is an Ed25519 key.
pub(crate) fn peer_id(certificates: Option<&[CertificateDer<'_>]>) -> Result<PeerId, Error> {
    let certificate = certificates.and_then(<[_]>::first);
    let certificate = certificate.ok_or(Error::NoCertificatesPresented)?;
    let spki = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
    spki.last_chunk::<32>()
        .filter(|key| public_key_to_spki(&alg_id::ED25519, key) == spki)
        .and_then(|key| ed25519::PublicKey::try_from_bytes(key).ok())
        .map(|key| PublicKey::from(key).to_peer_id())
        .ok_or(CertificateError::ApplicationVerificationFailure.into())
}

fn self_signed(key: &KeyPair) -> Result<CertificateDer<'static>, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new(); // the default one names rcgen
    params.self_signed(key).map(Into::into).map_err(general)
}

fn configs_with(key: CertifiedKey, alpn: &[u8]) -> Result<(ClientConfig, ServerConfig), Error> {
    let resolver = Arc::new(SingleCertAndKey::from(key));
    let provider = Arc::new(CryptoProvider {
        // AES-128 first: the fastest wherever AES is in hardware.
        cipher_suites: vec![
            provider::cipher_suite::TLS13_AES_128_GCM_SHA256,
            provider::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
            provider::cipher_suite::TLS13_AES_256_GCM_SHA384,
        ],
        ..provider::default_provider()
    });
    let verifier = Arc::new(Verifier(provider.signature_verification_algorithms));
    let tls13 = &[&rustls::version::TLS13];

    let mut client = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(tls13)?
        .dangerous()
        .with_custom_certificate_verifier(verifier.clone())
        .with_client_cert_resolver(resolver.clone());
    client.alpn_protocols = vec![alpn.to_vec()];
    client.enable_sni = false;
    // Tickets are kept by server name, and all peers share one. And they would link connections.
    client.resumption = Resumption::disabled();

    let mut server = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(tls13)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(resolver);
    server.alpn_protocols = vec![alpn.to_vec()];
    server.send_tls13_tickets = 0;
    Ok((client, server))
}

fn general(error: impl Display) -> Error {
    Error::General(error.to_string())
}

/// Accepts any peer that proves to hold its certificate's key.
#[derive(Debug)]
struct Verifier(WebPkiSupportedAlgorithms);

/// The same three methods for both sides.
macro_rules! verify_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(general("TLS 1.3 only"))
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, certificate, signed, &self.0)
        }

        /// All of them, though only Ed25519 will do: the list is in the ClientHello, and one of
        /// Ed25519 alone would be a mark.
        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.supported_schemes()
        }
    };
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let peer = peer_id(Some(std::slice::from_ref(certificate)));
        peer.map(|_| ServerCertVerified::assertion())
    }

    verify_signatures!();
}

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let peer = peer_id(Some(std::slice::from_ref(certificate)));
        peer.map(|_| ClientCertVerified::assertion())
    }

    verify_signatures!();
}

#[cfg(test)]
mod tests {
    use rustls::{ClientConnection, Connection, ServerConnection, SignatureAlgorithm, sign};

    use super::*;

    type Configs = (ClientConfig, ServerConfig);

    fn node() -> (PeerId, Configs) {
        let identity = Keypair::generate_ed25519();
        let id = identity.public().to_peer_id();
        (id, configs(&identity, b"h3").unwrap())
    }

    fn ed25519() -> (KeyPair, Arc<dyn sign::SigningKey>) {
        let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let der = PrivatePkcs8KeyDer::from(key.serialize_der());
        let signing = provider::sign::any_eddsa_type(&der).unwrap();
        (key, signing)
    }

    fn pass(from: &mut Connection, to: &mut Connection) -> Result<(), Error> {
        let mut wire = vec![];
        while from.wants_write() {
            from.write_tls(&mut wire).unwrap();
        }
        let mut wire = &wire[..];
        while !wire.is_empty() {
            to.read_tls(&mut wire).unwrap();
            to.process_new_packets()?;
        }
        Ok(())
    }

    /// Whom the client and the server see, or the first error.
    fn shake(client: ClientConfig, server: ServerConfig) -> Result<[PeerId; 2], Error> {
        let name = SERVER_NAME.try_into().unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name)?.into();
        let mut server = ServerConnection::new(Arc::new(server))?.into();
        loop {
            pass(&mut client, &mut server)?;
            pass(&mut server, &mut client)?;
            if !client.is_handshaking() && !server.is_handshaking() {
                break;
            }
        }
        let suite = client.negotiated_cipher_suite().unwrap().suite();
        assert_eq!(suite, rustls::CipherSuite::TLS13_AES_128_GCM_SHA256);
        assert_eq!(client.alpn_protocol(), Some(&b"h3"[..]));
        let seen = |by: &Connection| peer_id(by.peer_certificates()).expect("checked");
        Ok([seen(&client), seen(&server)])
    }

    /// Must be refused with this error as a client and as a server.
    fn refused(forged: CertifiedKey, why: impl Into<Error>) {
        let (client, server) = configs_with(forged, b"h3").unwrap();
        let (_, honest) = node();
        let why = Err(why.into());
        assert_eq!(shake(client, honest.1), why);
        assert_eq!(shake(honest.0, server), why);
    }

    #[test]
    fn each_sees_who_the_other_is() {
        let ((a, configs_a), (b, configs_b)) = (node(), node());
        assert_eq!(shake(configs_a.0, configs_b.1), Ok([b, a]));
        assert_eq!(shake(configs_b.0, configs_a.1), Ok([a, b]));
    }

    #[test]
    fn somebody_elses_certificate_is_refused() {
        let ((victim, _), (_, liar)) = (ed25519(), ed25519());
        let forged = CertifiedKey::new(vec![self_signed(&victim).unwrap()], liar);
        refused(forged, CertificateError::BadSignature);
    }

    /// Signs right, then flips a bit.
    #[derive(Debug)]
    struct Tampering(Arc<dyn sign::SigningKey>);

    impl sign::SigningKey for Tampering {
        fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn sign::Signer>> {
            assert!(self.0.choose_scheme(offered).is_some());
            Some(Box::new(Self(self.0.clone())))
        }
        fn algorithm(&self) -> SignatureAlgorithm {
            self.0.algorithm()
        }
    }

    impl sign::Signer for Tampering {
        fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
            let signer = self.0.choose_scheme(&[self.scheme()]).unwrap();
            let mut signature = signer.sign(message)?;
            signature[40] ^= 1;
            Ok(signature)
        }
        fn scheme(&self) -> SignatureScheme {
            SignatureScheme::ED25519
        }
    }

    #[test]
    fn a_tampered_signature_is_refused() {
        let (key, signing) = ed25519();
        let signing = Arc::new(Tampering(signing));
        let forged = CertifiedKey::new(vec![self_signed(&key).unwrap()], signing);
        refused(forged, CertificateError::BadSignature);
    }

    #[test]
    fn other_keys_are_refused() {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let der = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        let signing = provider::sign::any_ecdsa_type(&der).unwrap();
        let forged = CertifiedKey::new(vec![self_signed(&key).unwrap()], signing);
        refused(forged, CertificateError::ApplicationVerificationFailure);
    }

    #[test]
    fn garbage_is_refused() {
        let (key, signing) = ed25519();
        let mut cut = self_signed(&key).unwrap().to_vec();
        cut.pop();
        for garbage in [b"garbage".to_vec(), vec![0x30, 0], cut] {
            let forged = CertifiedKey::new(vec![garbage.into()], signing.clone());
            refused(forged, CertificateError::BadEncoding);
        }
    }

    #[test]
    fn no_certificate_is_refused() {
        let bare = CertifiedKey::new(vec![], ed25519().1);
        refused(bare, Error::NoCertificatesPresented);
    }
}
