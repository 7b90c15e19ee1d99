//! Listings: code objects as text for review.
//!
//! Offset, bytes, meaning and reason side by side; bytes that are not known yet stand as `[name]`:
//!
//! ```text
//! ; ADD lhs: slot, rhs: slot -> slot
//! ; baseline template, hot part: 2 instructions, 14 bytes, 2 holes
//!   00  f2 0f 10 83 [lhs*8]  movsd   xmm0, [base+lhs*8]
//!   08  0f 8a [cold]         jp      cold                ; lhs is not a double
//! ```
//!
//! The text is made by a foreign disassembler from the bytes alone, so that it shows what the processor will see and
//! not what the encoder meant.

mod disassemble;

use crate::code::{CodeObject, LabelSite, Piece, PieceKind, Relocation, RelocationKind};
use crate::encoder::{HoleKind, Reg};
use disassemble::Disassembler;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How many bytes of data a line shows.
const DATA_PER_LINE: usize = 8;

/// A listing in preparation: say what it should contain, then [render](Listing::render) it.
pub struct Listing<'a> {
    object: &'a CodeObject,
    headings: Vec<String>,
    part: Option<String>,
    registers: HashMap<Reg, String>,
    hole_name: Box<dyn Fn(HoleKind) -> String + 'a>,
}

/// One line of code, still in columns.
struct Line {
    /// What stands alone on lines before it: labels and symbols.
    names: Vec<String>,
    offset: u32,
    bytes: String,
    text: String,
    comment: Option<String>,
}

impl<'a> Listing<'a> {
    /// A plain listing of `object`.
    pub fn new(object: &'a CodeObject) -> Listing<'a> {
        Listing {
            object,
            headings: Vec::new(),
            part: None,
            registers: HashMap::new(),
            hole_name: Box::new(|kind| format!("hole{}", kind.0)),
        }
    }

    /// Adds a line to the heading.
    pub fn heading(mut self, line: impl Into<String>) -> Listing<'a> {
        self.headings.push(line.into());
        self
    }

    /// Says what the object is; stands before the counts in the last line of the heading.
    pub fn part(mut self, part: impl Into<String>) -> Listing<'a> {
        self.part = Some(part.into());
        self
    }

    /// Calls a register by the role it is pinned to. The narrower parts of a general one are told by a suffix, as `pc.32`.
    pub fn register(mut self, register: impl Into<Reg>, name: impl Into<String>) -> Listing<'a> {
        self.registers.insert(register.into(), name.into());
        self
    }

    /// Says what holes are called.
    pub fn holes(mut self, name: impl Fn(HoleKind) -> String + 'a) -> Listing<'a> {
        self.hole_name = Box::new(name);
        self
    }

    /// The listing, every line ended by a newline.
    pub fn render(self) -> String {
        let mut out = String::new();
        for heading in &self.headings {
            push_line(&mut out, &format!("; {heading}"));
        }
        push_line(&mut out, &format!("; {}", self.counts()));
        let names = NameTable::new(self.object, &*self.hole_name);
        let (lines, trailing_names) = lines(self.object, names, self.registers);
        let offset_width = format!("{:x}", self.object.bytes.len().saturating_sub(1)).len().max(2);
        let bytes_width = width_of(lines.iter().map(|line| &line.bytes));
        let text_width = width_of(lines.iter().map(|line| &line.text));
        for line in &lines {
            for name in &line.names {
                push_line(&mut out, &format!("{name}:"));
            }
            let Line {
                offset, bytes, text, ..
            } = line;
            let comment = line
                .comment
                .as_ref()
                .map_or(String::new(), |comment| format!("  ; {comment}"));
            push_line(
                &mut out,
                &format!("  {offset:0offset_width$x}  {bytes:bytes_width$}  {text:text_width$}{comment}"),
            );
        }
        for name in &trailing_names {
            push_line(&mut out, &format!("{name}:"));
        }
        out
    }

    /// `baseline template, hot part: 6 instructions, 38 bytes, 4 holes`
    fn counts(&self) -> String {
        let mut counts = self.part.as_ref().map_or(String::new(), |part| format!("{part}: "));
        counts += &counted(self.object.instruction_count(), "instruction");
        counts += ", ";
        counts += &counted(self.object.bytes.len(), "byte");
        if !self.object.holes.is_empty() {
            counts += ", ";
            counts += &counted(self.object.holes.len(), "hole");
        }
        counts
    }
}

/// The lines of the listing, and the names that stand behind the last of them.
fn lines(object: &CodeObject, names: NameTable<'_>, registers: HashMap<Reg, String>) -> (Vec<Line>, Vec<String>) {
    let mut disassembler = Disassembler::new(registers, names.places());
    let mut lines = Vec::new();
    for piece in &object.pieces {
        let first = lines.len();
        let end = piece.offset + piece.length;
        let mut push = |offset, end, text| {
            let bytes = names.byte_column(offset, end);
            lines.push(Line {
                names: Vec::new(),
                offset,
                bytes,
                text,
                comment: None,
            });
        };
        match piece.kind {
            PieceKind::Instruction => {
                let text = disassembler.text(piece.offset, bytes_of(object, piece), names.fields_in(piece));
                push(piece.offset, end, text);
            }
            PieceKind::Data => {
                for offset in (piece.offset..end).step_by(DATA_PER_LINE) {
                    push(offset, end.min(offset + DATA_PER_LINE as u32), "data".into());
                }
            }
            PieceKind::Padding => push(piece.offset, end, "align".into()),
        }
        lines[first].names = names.standing_at(piece.offset);
        lines[first].comment = piece.comment.clone();
    }
    let trailing = names.standing_at(object.bytes.len() as u32);
    (lines, trailing)
}

fn bytes_of<'o>(object: &'o CodeObject, piece: &Piece) -> &'o [u8] {
    &object.bytes[piece.offset as usize..][..piece.length as usize]
}

/// Everything in a code object that has a name, by offset.
struct NameTable<'o> {
    object: &'o CodeObject,
    fields: BTreeMap<u32, UnknownField>,
    labels: BTreeMap<u32, Vec<&'o LabelSite>>,
    symbols: BTreeMap<u32, Vec<&'o str>>,
    /// The offsets that code refers to.
    targets: BTreeSet<u32>,
}

impl<'o> NameTable<'o> {
    fn new(object: &'o CodeObject, hole_name: &dyn Fn(HoleKind) -> String) -> NameTable<'o> {
        let holes = object.holes.iter().map(|hole| {
            (
                hole.offset,
                UnknownField {
                    width: hole.width.bytes() as u32,
                    name: hole_name(hole.kind),
                },
            )
        });
        let relocations = object
            .relocations
            .iter()
            .map(|site| (site.offset, UnknownField::relocation(site)));
        let fields: BTreeMap<u32, UnknownField> = holes.chain(relocations).collect();
        let mut labels = BTreeMap::<u32, Vec<&LabelSite>>::new();
        for site in &object.labels {
            labels.entry(site.offset).or_default().push(site);
        }
        let mut symbols = BTreeMap::<u32, Vec<&str>>::new();
        for site in &object.symbols {
            symbols.entry(site.offset).or_default().push(site.symbol.name());
        }
        let targets = object
            .pieces
            .iter()
            .filter(|piece| piece.kind == PieceKind::Instruction)
            .filter(|piece| fields.range(piece.offset..piece.offset + piece.length).next().is_none())
            .filter_map(|piece| disassemble::target(piece.offset, bytes_of(object, piece)))
            .collect();
        NameTable {
            object,
            fields,
            labels,
            symbols,
            targets,
        }
    }

    /// The bytes in hexadecimal, fields that are not known yet by name.
    fn byte_column(&self, start: u32, end: u32) -> String {
        let mut cells = Vec::new();
        let mut offset = start;
        while offset < end {
            match self.fields.get(&offset) {
                Some(field) => {
                    cells.push(format!("[{}]", field.name));
                    offset += field.width;
                }
                None => {
                    cells.push(format!("{:02x}", self.object.bytes[offset as usize]));
                    offset += 1;
                }
            }
        }
        cells.join(" ")
    }

    /// The unknown fields of an instruction: byte position in it, and name.
    fn fields_in(&self, piece: &Piece) -> Vec<(usize, String)> {
        let fields = self.fields.range(piece.offset..piece.offset + piece.length);
        fields
            .map(|(offset, field)| ((offset - piece.offset) as usize, field.name.clone()))
            .collect()
    }

    /// What to call the places that have a label: by its name, or else by its number.
    fn places(&self) -> HashMap<u64, String> {
        self.labels
            .iter()
            .map(|(offset, sites)| (u64::from(*offset), place_name(sites)))
            .collect()
    }

    /// The names that stand on lines before `offset`: symbols, named labels, and a label that code refers to.
    fn standing_at(&self, offset: u32) -> Vec<String> {
        let symbols = self
            .symbols
            .get(&offset)
            .into_iter()
            .flatten()
            .map(|name| name.to_string());
        let labels = self.labels.get(&offset);
        let named = labels.into_iter().flatten().filter_map(|site| site.name.clone());
        let mut names: Vec<String> = symbols.chain(named).collect();
        if let Some(sites) = labels
            && self.targets.contains(&offset)
        {
            let name = place_name(sites);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

fn place_name(sites: &[&LabelSite]) -> String {
    let named = sites.iter().find_map(|site| site.name.clone());
    named.unwrap_or_else(|| sites[0].label.to_string())
}

/// A field whose bytes are not known.
struct UnknownField {
    width: u32,
    name: String,
}

impl UnknownField {
    fn relocation(relocation: &Relocation) -> UnknownField {
        let (width, addend) = match relocation.kind {
            // Nearly every pc-relative field ends its instruction; only other addends are worth showing.
            RelocationKind::PcRelative32 => (4, relocation.addend + 4),
            RelocationKind::Absolute64 => (8, relocation.addend),
        };
        let name = match addend {
            0 => relocation.symbol.name().to_string(),
            _ => format!("{}{addend:+}", relocation.symbol),
        };
        UnknownField { width, name }
    }
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

fn width_of<'s>(column: impl Iterator<Item = &'s String>) -> usize {
    column.map(|cell| cell.chars().count()).max().unwrap_or(0)
}

fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}
