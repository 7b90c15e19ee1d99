//! Broken programs must give errors, whatever is broken in them.

use crate::syntax::{parse, print};

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound
    }
}

const PROGRAM: &[u8] = b"local a, b = 1, 0x1F\nfunction t.x:m(c, ...) return ..., arg, -c ^ 2 end\n\
    for i = 1, #a do local s = 'x\\65\\n' .. [==[\ny]==] if i == b then break elseif not a then f{1; k = 2, [i] = 3} \
    else t.x:m 'z' end end -- c\nfor k, v in pairs(t) do repeat local q = a and b or k until q ~= v end --[[ d ]]\n\
    while a <= b do a, t[1] = (f()), function() return a, b end end do return 1 .. 2, nil, true, false end";

#[test]
fn mutated_programs() {
    for seed in 1..=5_000 {
        let mut random = Random(seed);
        let mut source = PROGRAM.to_vec();
        for _ in 0..1 + random.below(4) {
            let start = random.below(source.len());
            let end = (start + random.below(12)).min(source.len());
            let from = random.below(PROGRAM.len() - 12);
            let piece = &PROGRAM[from..from + random.below(12)];
            source.splice(start..end, piece.iter().copied());
        }
        let noise = random.below(source.len());
        source[noise] ^= 1 << random.below(8);
        match parse(&source, b"=t") {
            Ok(chunk) => assert_eq!(chunk.exprs.len(), chunk.lines.len(), "seed {seed}: {}", print(&chunk)),
            Err(error) => assert!(error.message.starts_with(b"t:"), "seed {seed}: {error}"),
        }
    }
}

#[test]
fn the_program_itself_parses() {
    assert!(parse(PROGRAM, b"=t").is_ok());
}
