//! Who asks.

/// The person or program behind an operation, as the session says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Caller {
    /// The user's id; `None` for a visitor and for the program itself.
    pub user: Option<i64>,
    /// The roles they hold, included ones too: bit n is the app's role n.
    pub roles: u64,
    /// The program itself acts: access is lifted, nothing else.
    pub system: bool,
}

impl Caller {
    /// Nobody is signed in.
    pub const VISITOR: Caller = Caller {
        user: None,
        roles: 0,
        system: false,
    };
    /// The program itself.
    pub const SYSTEM: Caller = Caller {
        user: None,
        roles: 0,
        system: true,
    };

    /// They hold the role at this position.
    #[must_use]
    pub const fn holds(&self, role: u32) -> bool {
        self.roles & (1 << role) != 0
    }

    /// Somebody is signed in.
    #[must_use]
    pub const fn signed_in(&self) -> bool {
        self.user.is_some()
    }
}
