//! The native API, a file per resource.

mod dead_letters;
mod deliveries;
mod events;
mod webhooks;
