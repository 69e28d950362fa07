//! Effects: what the machine of `covey-proto` decides is carried out here.

pub mod api;
pub mod clock;
pub mod net;
pub mod qr;
pub mod store;
