/// Why a text is no template that URIs can be matched with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTemplate {
    /// It does not begin with a scheme, and would match whatever has none of its own.
    #[error("does not begin with a scheme, as `shop:` is")]
    NoScheme,
    /// It is longer than 1,024 bytes.
    #[error("is longer than 1,024 bytes")]
    TooLong,
    /// It has more than 32 variables.
    #[error("has more than 32 variables")]
    TooMany,
    /// It has no variable.
    #[error("has no variable: what has only one URI is a resource")]
    NoVariable,
    /// A brace without its other.
    #[error("has a brace without its other")]
    Unbalanced,
    /// A character that no URI has.
    #[error("has the character {0:?}, which no URI has")]
    NotOfAUri(char),
    /// An operator that RFC 6570 keeps for later.
    #[error("has the operator {0:?}, which RFC 6570 does not define")]
    Operator(char),
    /// A prefix or an explosion: what is one value of many cannot be told from the URI.
    #[error("modifies the variable {0:?}: `:` and `*` are of level 4 of RFC 6570, and URIs are matched up to level 3")]
    Modifier(String),
    /// Something that names no variable.
    #[error("has a variable {0:?}: the name of one is of A-Z, a-z, 0-9, _ and .")]
    Name(String),
    /// A variable that it has twice.
    #[error("has the variable {0:?} twice")]
    Twice(String),
    /// Two values with nothing between them.
    #[error("has nothing between the value of {0:?} and the next")]
    Adjacent(String),
    /// A field that the handler needs and no variable gives.
    #[error("has no variable {0:?}, and its handler needs one")]
    Missing(String),
}
