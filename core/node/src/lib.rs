//! Effects: what the machine of `covey-proto` decides is carried out here.

pub mod api;
pub mod backup;
pub mod bundle;
pub mod clock;
pub mod home;
pub mod net;
pub mod qr;
pub mod run;
pub mod store;
pub mod vault;
