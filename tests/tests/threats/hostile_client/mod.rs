//! A member that does not keep to the protocol, and somebody who is none: an honest server and honest devices.

mod content;
