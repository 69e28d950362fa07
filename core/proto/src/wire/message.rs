//! Messages: types whose fields travel under numbers, as protobuf.
//!
//! [`message!`] declares such a type once: its fields as the rest of the crate wants them, and
//! beside each its number and protobuf type. What has another length than its type, or is longer
//! than the bound in brackets, is [`Invalid`].

use alloc::{string::String, vec::Vec};

use prost::Message;

use super::{Invalid, MapRecord, Signed};
use crate::{
    id::{
        AccountId, ConversationId, DeviceId, EntryId, Hash, IntroductionId, InviteTag, SecretId,
        Seq,
    },
    seal::{Secret, VerifyingKey},
    time::Time,
};

/// A type that travels as protobuf's `Proto`.
pub(crate) trait Wire: Sized {
    /// What it travels as.
    type Proto;

    /// As it travels.
    fn to_proto(&self) -> Self::Proto;

    /// As it came.
    fn of_proto(proto: Self::Proto) -> Result<Self, Invalid>;
}

macro_rules! message {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {$(
        $(#[$doc:meta])*
        $field_vis:vis $field:ident: $type:ty = $number:tt $($kind:ident)+ $([$max:expr])?;
    )*}) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$doc])* $field_vis $field: $type,)*
        }

        const _: () = {
            use $crate::wire::{Invalid, message::Wire};

            #[derive(Clone, PartialEq, prost::Message)]
            #[prost(skip_debug)]
            pub(crate) struct Proto {
                $(#[prost($($kind,)+ tag = $number)] $field: <$type as Wire>::Proto,)*
            }

            impl Wire for $name {
                type Proto = Proto;

                fn to_proto(&self) -> Proto {
                    Proto { $($field: self.$field.to_proto(),)* }
                }

                fn of_proto(proto: Proto) -> Result<Self, Invalid> {
                    $($(if proto.$field.len() > $max {
                        return Err(Invalid);
                    })?)*
                    Ok(Self { $($field: Wire::of_proto(proto.$field)?,)* })
                }
            }
        };
    };
}
pub(crate) use message;

/// The bytes of a message.
pub(crate) fn encode<T: Wire<Proto: Message>>(message: &T) -> Vec<u8> {
    message.to_proto().encode_to_vec()
}

/// Reads a message of at most `cap` bytes.
pub(crate) fn decode<T: Wire<Proto: Message + Default>>(
    bytes: &[u8],
    cap: usize,
) -> Result<T, Invalid> {
    if bytes.len() > cap {
        return Err(Invalid);
    }
    T::of_proto(T::Proto::decode(bytes).map_err(|_| Invalid)?)
}

/// Types that travel as they are.
macro_rules! plain {
    ($($type:ty),*) => {$(
        impl $crate::wire::message::Wire for $type {
            type Proto = Self;

            fn to_proto(&self) -> Self {
                self.clone()
            }

            fn of_proto(proto: Self) -> Result<Self, $crate::wire::Invalid> {
                Ok(proto)
            }
        }
    )*};
}
pub(crate) use plain;
plain!(u32, u64, bool, String, Vec<u8>, Signed, MapRecord);

macro_rules! newtypes {
    ($proto:ty: $($type:ident),*) => {$(
        impl Wire for $type {
            type Proto = $proto;

            fn to_proto(&self) -> $proto {
                self.0.to_proto()
            }

            fn of_proto(proto: $proto) -> Result<Self, Invalid> {
                Wire::of_proto(proto).map(Self)
            }
        }
    )*};
}
newtypes!(u64: Seq, Time);
newtypes!(Vec<u8>: AccountId, ConversationId, DeviceId, EntryId, Hash, InviteTag);
newtypes!(Vec<u8>: IntroductionId, Secret, SecretId, VerifyingKey);

/// Enumerations; a number of a later version is the first of them.
macro_rules! numbered {
    ($type:ident) => {
        impl $crate::wire::message::Wire for $type {
            type Proto = i32;

            fn to_proto(&self) -> i32 {
                (*self).into()
            }

            fn of_proto(proto: i32) -> Result<Self, $crate::wire::Invalid> {
                Ok(Self::try_from(proto).unwrap_or_default())
            }
        }
    };
}
pub(crate) use numbered;

impl<const N: usize> Wire for [u8; N] {
    type Proto = Vec<u8>;

    fn to_proto(&self) -> Vec<u8> {
        self.to_vec()
    }

    fn of_proto(proto: Vec<u8>) -> Result<Self, Invalid> {
        proto.try_into().map_err(|_| Invalid)
    }
}

/// Nothing is no bytes.
impl<T: Wire<Proto = Vec<u8>>> Wire for Option<T> {
    type Proto = Vec<u8>;

    fn to_proto(&self) -> Vec<u8> {
        self.as_ref().map_or(Vec::new(), T::to_proto)
    }

    fn of_proto(proto: Vec<u8>) -> Result<Self, Invalid> {
        (!proto.is_empty()).then(|| T::of_proto(proto)).transpose()
    }
}

impl<T: Wire> Wire for Vec<T> {
    type Proto = Vec<T::Proto>;

    fn to_proto(&self) -> Vec<T::Proto> {
        self.iter().map(T::to_proto).collect()
    }

    fn of_proto(proto: Vec<T::Proto>) -> Result<Self, Invalid> {
        proto.into_iter().map(T::of_proto).collect()
    }
}
