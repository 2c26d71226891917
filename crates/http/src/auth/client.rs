//! Where a request comes from: the address of its client and whether the client used TLS, as seen through a trusted proxy.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::Extensions;

use super::access::Access;
use super::proxy::Proxy;

/// Marks a request that came over TLS. The daemon's listener adds it to the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

/// The address of the connection's other end; `None` where the embedding program does not provide it.
pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip().to_canonical())
}

/// The trusted proxy and its address, if the request came from it.
fn proxy_of<'a>(access: &'a Access, extensions: &Extensions) -> Option<(&'a Proxy, IpAddr)> {
    let peer = peer(extensions)?;
    access.trusted_proxy().filter(|proxy| proxy.is_at(peer)).map(|proxy| (proxy, peer))
}

/// Whether `X-Forwarded-Prefix` is trusted: from the configured proxy only; without a configured proxy, from this host and where
/// the peer's address is unknown. The header only changes the URLs in the response.
pub(super) fn may_name_prefix(access: &Access, extensions: &Extensions) -> bool {
    match (access.trusted_proxy(), peer(extensions)) {
        (Some(proxy), peer) => peer.is_some_and(|peer| proxy.is_at(peer)),
        (None, peer) => peer.is_none_or(|peer| peer.is_loopback()),
    }
}

/// The client's address: the peer, or the address that a trusted proxy forwards.
pub fn address_of(access: &Access, request: &Request) -> Option<IpAddr> {
    match proxy_of(access, request.extensions()) {
        Some((proxy, peer)) => Some(proxy.client(peer, request.headers())),
        None => peer(request.extensions()),
    }
}

/// Whether the browser's connection uses TLS, to this program or to a trusted proxy.
pub(super) fn is_over_tls(access: &Access, request: &Request) -> bool {
    request.extensions().get::<OverTls>().is_some()
        || proxy_of(access, request.extensions()).is_some() && Proxy::is_over_tls(request.headers())
}
