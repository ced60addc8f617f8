//! The real binary as a child process: what only shows when a process starts, is killed, or reads
//! its flags.

mod apply;
mod apply_again;
mod backup;
mod bulk;
mod clocks;
mod commands;
mod configuration;
mod container;
mod corrupt;
mod coverage;
mod crash;
mod demo;
mod descriptors;
mod egress;
mod exits;
mod faults;
mod fields;
mod idle;
mod import;
mod install;
mod life;
mod logs;
mod mail;
mod mcp;
pub mod process;
mod profiles;
mod relay;
mod rotation;
mod shell;
mod shim;
mod signals;
mod tables;
mod tls;
mod traces;
mod usage;
mod variables;
