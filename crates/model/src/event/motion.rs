//! Where in the picture something moved: the motion mask of an event, and a region of the picture to search for. What
//! Motion writes into a frame is read by the archive's `exif`.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};

/// The cells in a row of the grid, and its rows.
const CELLS: u8 = 8;

/// The cells of a grid of 8 × 8 over the picture in which something moved; at least one. Serialized as 16 hexadecimal
/// digits, two for each row from the top; the highest bit of a row is its leftmost cell: `80000000000000ff` is the upper
/// left cell and the whole bottom row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MotionMask(NonZeroU64);

/// The rectangle around the changed pixels of a frame, in pixels, as Motion records it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangedArea {
    /// Its centre, counted from the left.
    pub x: u32,
    /// Its centre, counted from the top.
    pub y: u32,
    /// Its width. Motion writes 0 for both sizes where nothing moved.
    pub width: u32,
    /// Its height.
    pub height: u32,
}

/// The cells along one axis for which `is_met` is true of the cell's number; the first is the highest bit.
fn axis(is_met: impl Fn(u8) -> bool) -> u8 {
    (0..CELLS).filter(|cell| is_met(*cell)).fold(0, |cells, cell| cells | 0x80 >> cell)
}

/// The cells of these columns and rows; `None` if there are none.
fn grid(columns: u8, rows: u8) -> Option<NonZeroU64> {
    let row = |row: u8| if rows & 0x80 >> row == 0 { 0 } else { columns };
    NonZeroU64::new(u64::from_be_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(row)))
}

impl MotionMask {
    /// The cells that a rectangle meets in a picture of this width and height. `None` where nothing moved, and if the
    /// rectangle is outside the picture.
    pub fn of(area: ChangedArea, (width, height): (u32, u32)) -> Option<Self> {
        if area.width == 0 && area.height == 0 {
            return None;
        }
        // In half pixels, so that the edges of an odd size are whole numbers. A line is as thick as a pixel.
        let cells = |centre: u32, size: u32, picture: u32| {
            let (centre, size, picture) = (i64::from(centre) * 2, i64::from(size.max(1)), i64::from(picture) * 2);
            let (first, last) = ((centre - size) * 8, (centre + size) * 8);
            let meets = |cell: i64| cell * picture < last && (cell + 1) * picture > first;
            axis(|cell| picture > 0 && meets(cell.into()))
        };
        grid(cells(area.x, area.width, width), cells(area.y, area.height, height)).map(Self)
    }

    /// The cells of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether something moved in this region.
    pub fn meets(self, region: Region) -> bool {
        self.0.get() & region.0.get() != 0
    }

    /// The mask as a number: the upper left cell is the highest bit, the lower right one the lowest.
    pub fn bits(self) -> u64 {
        self.0.get()
    }

    /// The mask of a number; `None` for 0.
    pub fn of_bits(bits: u64) -> Option<Self> {
        NonZeroU64::new(bits).map(Self)
    }
}

impl fmt::Display for MotionMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for MotionMask {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for MotionMask {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let is_hex = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bits = u64::from_str_radix(&text, 16).ok().filter(|_| is_hex);
        let mask = bits.and_then(Self::of_bits);
        mask.ok_or_else(|| de::Error::custom(format_args!("{text:?} is not a motion mask")))
    }
}

/// A rectangle of the picture, as the cells of the motion mask's grid that it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Region(NonZeroU64);

/// What a region is parsed from.
const WHAT: &str = "a region of the picture: left,top,right,bottom as fractions of its width and height from 0 to 1, \
                    such as 0,0.5,0.25,1";

impl Region {
    /// The rectangle from the corner (`x0`, `y0`) to the corner (`x1`, `y1`), in fractions of the picture's width and
    /// height from its upper left corner. An error unless 0 ≤ `x0` < `x1` ≤ 1, and the same for y.
    pub fn new(x0: f64, y0: f64, x1: f64, y1: f64) -> Result<Self> {
        let cells = |first: f64, last: f64| {
            let is_valid = 0.0 <= first && first < last && last <= 1.0;
            axis(|cell| is_valid && f64::from(cell) < last * 8.0 && f64::from(cell + 1) > first * 8.0)
        };
        let region = grid(cells(x0, x1), cells(y0, y1)).map(Self);
        region.ok_or_else(|| Error::Name { what: WHAT, text: format!("{x0},{y0},{x1},{y1}") })
    }

    /// Its cells, with the bits of a mask ([`MotionMask::bits`]).
    pub fn bits(self) -> u64 {
        self.0.get()
    }
}

/// From `x0,y0,x1,y1` in plain decimal fractions.
impl FromStr for Region {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let fraction = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            text.parse::<f64>().ok().filter(|_| is_plain)
        };
        let numbers: Option<Vec<f64>> = text.split(',').map(fraction).collect();
        let region = numbers.and_then(|numbers| match numbers[..] {
            [x0, y0, x1, y1] => Self::new(x0, y0, x1, y1).ok(),
            _ => None,
        });
        region.ok_or_else(|| Error::Name { what: WHAT, text: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn area(x: u32, y: u32, width: u32, height: u32) -> ChangedArea {
        ChangedArea { x, y, width, height }
    }

    fn shown(area: ChangedArea, picture: (u32, u32)) -> String {
        MotionMask::of(area, picture).map_or_else(|| "none".to_owned(), |mask| mask.to_string())
    }

    /// Rectangles of real frames, and the edges of the picture.
    #[test]
    fn a_rectangle_sets_the_cells_it_meets() {
        for (area, expected) in [
            (area(47, 139, 58, 54), "000000c0c0c00000"), // from 18 to 76 of 320, from 112 to 166 of 240
            (area(160, 120, 320, 240), "ffffffffffffffff"),
            (area(160, 120, 2, 2), "0000001818000000"), // around the corner of four cells
            (area(20, 15, 40, 30), "8000000000000000"), // exactly a cell
            (area(300, 225, 400, 400), "3f3f3f3f3f3f3f3f"), // beyond the right and the lower edge
            (area(319, 239, 1, 1), "0000000000000001"),
            (area(0, 239, 0, 9), "0000000000000080"), // a line
            (area(0, 0, 0, 0), "none"),
            (area(400, 120, 20, 20), "none"),
        ] {
            assert_eq!(shown(area, (320, 240)), expected, "{area:?}");
        }
        assert_eq!([shown(area(0, 0, 9, 9), (0, 0)), shown(area(0, 0, 9, 9), (320, 0))], ["none", "none"]);
    }

    /// What a region covers at the resolution of the grid, and what is refused.
    #[test]
    fn a_region_has_the_cells_it_meets() {
        for (text, expected) in [
            ("0,0,1,1", 0xffff_ffff_ffff_ffff),
            ("0,0,0.125,0.125", 0x8000_0000_0000_0000),
            ("0.124,0,0.126,0.01", 0xc000_0000_0000_0000),
            ("0.875,.875,1.0,1.", 1),
            ("0,0.5,0.25,1", 0x0000_0000_c0c0_c0c0),
        ] {
            assert_eq!(text.parse::<Region>().unwrap().bits(), expected, "{text}");
        }
        for text in [
            "",
            "0",
            "0,0,1",
            "0,0,1,1,1",
            "0,0,1,1.01",
            "-0,0,1,1",
            "-1,0,1,1",
            "0,0,0,1",
            "0,1,1,0",
            "0.5,0,0.25,1",
            "0,0,1,nan",
            "0,0,1,inf",
            "0,0,1,1e0",
            "0, 0, 1, 1",
            "0,0,1,",
            "0,0,1,.",
            "a,b,c,d",
            "0;0;1;1",
            "+0,0,1,1",
        ] {
            assert!(text.parse::<Region>().is_err(), "{text:?}");
        }
        assert!(Region::new(0.0, 0.0, f64::NAN, 1.0).is_err());
    }

    #[test]
    fn a_mask_is_written_as_16_digits() {
        let mask = MotionMask::of_bits(0x0081).unwrap();
        assert_eq!(serde_json::to_string(&mask).unwrap(), "\"0000000000000081\"");
        for text in ["\"0000000000000000\"", "\"81\"", "\"+000000000000081\"", "129", "\"00000000000000811\"", "null"] {
            assert!(serde_json::from_str::<MotionMask>(text).is_err(), "{text}");
        }
    }

    /// A rectangle by its edges in 1/840 of the picture, as a region and as a changed area in pixels: 840 is a multiple
    /// of the grid's cells, and the centre of an even size is a whole number.
    fn any_rectangle() -> impl Strategy<Value = (ChangedArea, [f64; 4])> {
        let edges = || (0u32..420, 1u32..=420).prop_filter("inside", |(at, size)| at + size <= 420);
        (edges(), edges()).prop_map(|((left, width), (top, height))| {
            let fraction = |edge: u32| f64::from(edge) / 420.0;
            let area = area(left * 2 + width, top * 2 + height, width * 2, height * 2);
            (area, [fraction(left), fraction(top), fraction(left + width), fraction(top + height)])
        })
    }

    proptest! {
        /// A rectangle has the same cells as an area and as a region; two that overlap in the picture always meet, and
        /// two that are a cell or more apart never do.
        #[test]
        fn a_mask_meets_the_regions_it_overlaps(a in any_rectangle(), b in any_rectangle()) {
            let mask = MotionMask::of(a.0, (840, 840)).unwrap();
            let region = |[x0, y0, x1, y1]: [f64; 4]| Region::new(x0, y0, x1, y1).unwrap();
            prop_assert_eq!(mask.bits(), region(a.1).bits());
            let region = region(b.1);
            let apart = |first: usize, last: usize| (b.1[first] - a.1[last]).max(a.1[first] - b.1[last]);
            let apart = apart(0, 2).max(apart(1, 3));
            if apart < 0.0 {
                prop_assert!(mask.meets(region));
            }
            if apart >= 0.125 {
                prop_assert!(!mask.meets(region));
            }
        }

        /// No number that Motion could write panics or sets a cell outside the rectangle's rows and columns.
        #[test]
        fn any_area_is_clipped_to_the_picture(
            (x, y, width, height) in any::<(u32, u32, u32, u32)>(),
            picture in prop_oneof![Just((640u32, 480u32)), any::<(u32, u32)>()],
        ) {
            let found = MotionMask::of(area(x, y, width, height), picture);
            if let Some(mask) = found {
                prop_assert!(picture.0 > 0 && picture.1 > 0 && (width > 0 || height > 0));
                prop_assert_eq!(MotionMask::of_bits(mask.bits()), Some(mask));
            } else {
                let beyond = |centre: u32, size: u32, picture: u32| i64::from(centre) * 2 - i64::from(size.max(1)) >= i64::from(picture) * 2;
                prop_assert!(
                    picture.0 == 0 || picture.1 == 0 || (width == 0 && height == 0)
                        || beyond(x, width, picture.0) || beyond(y, height, picture.1)
                );
            }
        }

        #[test]
        fn a_mask_round_trips_as_text(bits in 1u64..) {
            let mask = MotionMask::of_bits(bits).unwrap();
            let text = serde_json::to_string(&mask).unwrap();
            prop_assert_eq!(serde_json::from_str::<MotionMask>(&text).unwrap(), mask);
        }

        #[test]
        fn no_text_of_a_region_panics(text in "[0-9.,eE+-]{0,24}|.{0,12}") {
            let _ = text.parse::<Region>();
        }
    }
}
