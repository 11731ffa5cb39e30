//! A session of our own on PostgreSQL's protocol: the server's own text for every type, with
//! parameters, type and table OIDs, command tags, transaction status, COPY both ways and notices.

mod around;
mod encode;
mod login;
mod message;
mod session;
mod stream;

pub use login::{Binding, Login, LoginError};
pub use session::{GIVEN_UP, Item, Session};
pub use stream::{Socket, Stream};
