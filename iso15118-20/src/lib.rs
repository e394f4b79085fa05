//! ISO 15118-20 session engines.
#![no_std]
