//! The parts of a pattern: literal text and Motion's conversion specifiers. Decides which specifiers are supported; how
//! they match is in `matching`.

/// What a specifier stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Year,
    /// `%y`, of the years 2000 to 2099.
    YearOfCentury,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    /// `%v`, with its least number of digits.
    Number(u8),
    /// `%q`
    Sub,
    /// `%t`
    CameraId,
    /// `%$`
    CameraName,
    /// `%{movienbr}`
    Part,
    /// `%{eventid}`
    EventId,
}

/// How many characters a field has.
pub(super) enum Width {
    Fixed(usize),
    /// As many digits as follow, within these limits.
    Digits {
        min: usize,
        max: usize,
    },
    Text,
}

impl Field {
    pub(super) fn width(self) -> Width {
        match self {
            Self::Year => Width::Fixed(4),
            Self::YearOfCentury | Self::Month | Self::Day | Self::Hour | Self::Minute | Self::Second => Width::Fixed(2),
            Self::Number(min) => Width::Digits { min: usize::from(min), max: 9 },
            Self::Sub => Width::Digits { min: 2, max: 4 },
            Self::CameraId | Self::Part => Width::Digits { min: 1, max: 9 },
            Self::EventId => Width::Digits { min: 1, max: 24 },
            Self::CameraName => Width::Text,
        }
    }

    pub(super) fn is_date(self) -> bool {
        matches!(self, Self::Year | Self::YearOfCentury | Self::Month | Self::Day)
    }

    /// As it is written in a pattern.
    pub(super) fn specifier(self) -> &'static str {
        match self {
            Self::Year => "%Y",
            Self::YearOfCentury => "%y",
            Self::Month => "%m",
            Self::Day => "%d",
            Self::Hour => "%H",
            Self::Minute => "%M",
            Self::Second => "%S",
            Self::Number(_) => "%v",
            Self::Sub => "%q",
            Self::CameraId => "%t",
            Self::CameraName => "%$",
            Self::Part => "%{movienbr}",
            Self::EventId => "%{eventid}",
        }
    }
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Text(Box<str>),
    Field(Field),
}

impl Token {
    pub(super) fn field(&self) -> Option<Field> {
        match self {
            Self::Text(_) => None,
            Self::Field(field) => Some(*field),
        }
    }
}

/// What a message says after an unsupported specifier.
const SUPPORTED: &str = "supported are %Y %m %d %H %M %S (also %F, %T and %y), %v, %q, %t, %$, %{movienbr}, %{eventid} \
                         and %%";

/// Splits one component of a pattern's path. The error is a sentence.
pub(super) fn tokens(component: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = component;
    while let Some((text, after)) = rest.split_once('%') {
        push_text(&mut tokens, text);
        rest = specifier(after, &mut tokens)?;
    }
    push_text(&mut tokens, rest);
    Ok(tokens)
}

/// Appends literal text to that before it, so that equal patterns have equal tokens.
pub(super) fn push_text(tokens: &mut Vec<Token>, text: &str) {
    match tokens.last_mut() {
        _ if text.is_empty() => {}
        Some(Token::Text(before)) => *before = format!("{before}{text}").into(),
        _ => tokens.push(Token::Text(text.into())),
    }
}

/// Appends the specifier at the beginning of `after` (which follows a `%`) and returns what comes after it.
fn specifier<'a>(after: &'a str, tokens: &mut Vec<Token>) -> Result<&'a str, String> {
    use Field as F;
    let mut all = |fields: &[F], between: &str| {
        for (n, field) in fields.iter().enumerate() {
            push_text(tokens, if n > 0 { between } else { "" });
            tokens.push(Token::Field(*field));
        }
    };
    let mut chars = after.chars();
    match chars.next() {
        Some('Y') => all(&[F::Year], ""),
        Some('y') => all(&[F::YearOfCentury], ""),
        Some('m') => all(&[F::Month], ""),
        Some('d') => all(&[F::Day], ""),
        Some('H') => all(&[F::Hour], ""),
        Some('M') => all(&[F::Minute], ""),
        Some('S') => all(&[F::Second], ""),
        Some('F') => all(&[F::Year, F::Month, F::Day], "-"),
        Some('T') => all(&[F::Hour, F::Minute, F::Second], ":"),
        Some('v') => all(&[F::Number(2)], ""),
        Some(digit @ '2'..='9') if chars.as_str().starts_with('v') => {
            all(&[F::Number(u8::try_from(digit).unwrap_or(b'2') - b'0')], "");
            chars.next();
        }
        Some('q') => all(&[F::Sub], ""),
        Some('t') => all(&[F::CameraId], ""),
        Some('$') => all(&[F::CameraName], ""),
        Some('%') => push_text(tokens, "%"),
        Some('{') => return braces(chars.as_str(), tokens),
        Some('C') => {
            return Err("%C stands for the value of Motion's text_event: write that value in its place, such as \
                        %Y-%m-%d"
                .to_owned());
        }
        Some(other) => return Err(format!("%{} is not supported; {SUPPORTED}", other.escape_default())),
        None => return Err("it ends with a single %; write %% for a percent sign".to_owned()),
    }
    Ok(chars.as_str())
}

/// `%{movienbr}` and the like, without its beginning.
fn braces<'a>(after: &'a str, tokens: &mut Vec<Token>) -> Result<&'a str, String> {
    let Some((word, rest)) = after.split_once('}') else {
        return Err("a %{ has no }; write %{movienbr} or %{eventid}".to_owned());
    };
    let field = match word {
        "movienbr" => Field::Part,
        "eventid" => Field::EventId,
        other => return Err(format!("%{{{}}} is not supported; {SUPPORTED}", other.escape_debug())),
    };
    tokens.push(Token::Field(field));
    Ok(rest)
}

/// Refuses fields whose end the name does not show.
pub(super) fn check_ends(tokens: &[Token]) -> Result<(), String> {
    for pair in tokens.windows(2) {
        let [Token::Field(field), next] = pair else { continue };
        let is_unclear = match (field.width(), next) {
            (Width::Fixed(_), _) | (Width::Text, Token::Text(_)) => false,
            (Width::Digits { .. }, Token::Text(text)) => text.starts_with(|c: char| c.is_ascii_digit()),
            (_, Token::Field(_)) => true,
        };
        if is_unclear {
            let next = next.field().map_or("a digit", Field::specifier);
            return Err(format!(
                "{} has no fixed width, and {next} directly after it makes the name ambiguous; a character such as - \
                 must be between them",
                field.specifier()
            ));
        }
    }
    Ok(())
}
