// SPDX-License-Identifier: Apache-2.0
//! Single columns as values, so that a change names just what it changes and cannot mistype it.

/// Declares an enum with one variant per column that may be changed alone.
macro_rules! fields {
    ($(#[$doc:meta])* $name:ident { $($variant:ident($type:ty) = $column:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub enum $name { $(#[doc = concat!("Column `", $column, "`.")] $variant($type)),+ }

        impl $name {
            pub(crate) fn column(&self) -> (&'static str, crate::sql::Arg) {
                match self { $($name::$variant(value) => ($column, crate::column::Column::arg(value))),+ }
            }
        }
    };
}
pub(crate) use fields;
