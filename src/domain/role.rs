//! Roles: what a person may do in the dashboard.
//!
//! Owns: the three roles and their order. Refuses: saying which action needs which (`service`).

/// What a person may do. A later role may do all that an earlier one may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at everything and changes nothing.
    Viewer,
    /// Changes webhooks and deliveries.
    Operator,
    /// Changes the instance, its people and its keys as well.
    Owner,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Owner];

    /// The word of the API and the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Owner => "owner",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether this role may do what `needed` may.
    #[must_use]
    pub fn allows(self, needed: Self) -> bool {
        self >= needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_back_and_allows_what_lesser_ones_do() {
        for (rank, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            let allowed = Role::ALL.into_iter().filter(|lesser| role.allows(*lesser));
            assert_eq!(allowed.count(), rank + 1);
        }
        assert_eq!(Role::parse("Owner"), None);
    }
}
