//! What can be typed about one's own devices, and the key that recovers them.

use std::path::PathBuf;

use clap::Subcommand;

/// What is done with one's own devices.
#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Make a code for one more device, good for ten minutes
    Add {
        /// Write it as a QR code into this PNG file
        #[arg(long, value_name = "FILE", conflicts_with = "qr")]
        png: Option<PathBuf>,
        /// Show it as a QR code here
        #[arg(long)]
        qr: bool,
    },
    /// Make this new device one of the person's whose code it reads
    Join {
        /// The code
        #[arg(required_unless_present = "png")]
        text: Option<String>,
        /// Read it from the QR code in this PNG file
        #[arg(long, value_name = "FILE", conflicts_with = "text")]
        png: Option<PathBuf>,
    },
    /// List your devices, what of the past each holds, and digits to compare
    List,
    /// Call this device something else
    Name {
        /// The name
        name: String,
    },
    /// Say that both devices show the same six digits
    Confirm,
    /// Say that they do not, or end what is under way
    Refuse,
    /// Keep the device that this one was before: it is not gone
    Keep {
        /// Which: its name, or how its id begins
        device: String,
    },
    /// Have a device no more, because it is lost or was stolen: it learns nothing from now on
    Remove {
        /// Which: its name, or how its id begins
        device: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// What is done about the recovery key.
#[derive(Debug, Subcommand)]
pub(crate) enum Recovery {
    /// Show the 24 words that are the key; keep them on paper
    Words,
    /// Erase the key from this device, so that no thief of it finds it
    Forget {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Recover the account with the words that come in: all other devices are removed
    Use,
}
