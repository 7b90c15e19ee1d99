//! `string.format`

use dg_runtime::{CallContext, NativeResult, Throw};

use crate::core::error;
use crate::library::args::Args;
use crate::library::memory::{check_size, with_scratch};
use crate::text::format::{Conversion, Directive, Piece, Pieces};
use crate::text::format_write::write_quoted;

pub fn format(cx: &mut CallContext<'_>) -> NativeResult {
    let format = cx.bytes(0)?;
    with_scratch(cx, |out| {
        let mut argument = 0;
        for piece in Pieces::new(format) {
            if let Ok(Piece::Literal(text)) = piece {
                out.extend_from_slice(text);
                continue;
            }
            argument += 1;
            if !cx.has_arg(argument) {
                return Err(cx.bad(argument, "no value"));
            }
            match piece {
                Ok(Piece::Directive(directive)) => write(cx, out, &directive, argument)?,
                Ok(Piece::Literal(_)) => unreachable!("handled above"),
                Err(error) => return Err(error::throw_from_native(cx, error.message())),
            }
        }
        cx.ret_bytes(out)
    })
}

fn write(cx: &CallContext<'_>, out: &mut Vec<u8>, directive: &Directive, argument: u32) -> Result<(), Throw> {
    match directive.conversion {
        Conversion::Byte => directive.write_byte(out, cx.number(argument)?),
        Conversion::Signed | Conversion::Unsigned => directive.write_integer(out, cx.number(argument)?),
        Conversion::Float => directive.write_float(out, cx.number(argument)?),
        Conversion::Quoted | Conversion::String => {
            let text = cx.bytes(argument)?;
            check_size(cx, out.len() + text.len())?;
            match directive.conversion {
                Conversion::Quoted => write_quoted(out, text),
                _ => directive.write_string(out, text),
            }
        }
    }
    Ok(())
}
