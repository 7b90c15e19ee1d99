//! Calendar time for `os.date`, `os.time` and `os.clock`, in the time zone and with the wording of the C library.

use std::ffi::c_int;
use std::mem::MaybeUninit;

/// Seconds since the epoch.
pub type Timestamp = i64;

/// The longest expansion of one conversion that is kept, in bytes.
const MAX_CONVERSION: usize = 200;

/// The months of `struct tm` count from 0, its years from 1900, its days of the week and year from 0.
const TM_YEAR_BASE: i64 = 1900;

/// A point in time by the calendar.
#[derive(Clone, Copy)]
pub struct CalendarTime(libc::tm);

/// The fields of a [`CalendarTime`] in the ranges that Lua uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 60.
    pub second: i64,
    /// 1 (Sunday) to 7.
    pub weekday: i64,
    /// 1 to 366.
    pub day_of_year: i64,
    /// Whether daylight saving time is in effect; `None` when unknown.
    pub daylight_saving: Option<bool>,
}

/// The current time.
pub fn now() -> Timestamp {
    // SAFETY: a null pointer asks for the result alone.
    unsafe { libc::time(std::ptr::null_mut()) }
}

/// The CPU time that this process has used, in seconds, with the resolution of C's `clock`.
pub fn cpu_seconds() -> f64 {
    let mut used = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the pointer is valid for a write of one `timespec`.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, used.as_mut_ptr()) };
    if status != 0 {
        return -1.0;
    }
    // SAFETY: the call succeeded, and so has filled the structure.
    let used = unsafe { used.assume_init() };
    (used.tv_sec * 1_000_000 + used.tv_nsec / 1000) as f64 / 1e6
}

impl CalendarTime {
    /// `time` in the local time zone; `None` if its year cannot be represented.
    pub fn local(time: Timestamp) -> Option<CalendarTime> {
        let mut tm = MaybeUninit::<libc::tm>::zeroed();
        // SAFETY: both pointers are valid for the call, the second for a write of one `tm`.
        let filled = unsafe { libc::localtime_r(&time, tm.as_mut_ptr()) };
        // SAFETY: a `tm` of zeros is valid (its zone is a null pointer), and so is what the call stored.
        (!filled.is_null()).then(|| CalendarTime(unsafe { tm.assume_init() }))
    }

    /// `time` in UTC; `None` if its year cannot be represented.
    pub fn utc(time: Timestamp) -> Option<CalendarTime> {
        let mut tm = MaybeUninit::<libc::tm>::zeroed();
        // SAFETY: both pointers are valid for the call, the second for a write of one `tm`.
        let filled = unsafe { libc::gmtime_r(&time, tm.as_mut_ptr()) };
        // SAFETY: as in `local`.
        (!filled.is_null()).then(|| CalendarTime(unsafe { tm.assume_init() }))
    }

    /// The fields as Lua shows them.
    pub fn fields(&self) -> Fields {
        let tm = &self.0;
        Fields {
            year: i64::from(tm.tm_year) + TM_YEAR_BASE,
            month: i64::from(tm.tm_mon) + 1,
            day: tm.tm_mday.into(),
            hour: tm.tm_hour.into(),
            minute: tm.tm_min.into(),
            second: tm.tm_sec.into(),
            weekday: i64::from(tm.tm_wday) + 1,
            day_of_year: i64::from(tm.tm_yday) + 1,
            daylight_saving: (tm.tm_isdst >= 0).then_some(tm.tm_isdst > 0),
        }
    }

    /// Appends the time as `format` says: the conversions of C's `strftime`, each up to 200 bytes long.
    pub fn write(&self, out: &mut Vec<u8>, format: &[u8]) {
        let mut rest = format;
        loop {
            rest = match rest {
                [] => return,
                [b'%', conversion, after @ ..] => {
                    self.write_conversion(out, *conversion);
                    after
                }
                [byte, after @ ..] => {
                    out.push(*byte);
                    after
                }
            };
        }
    }

    fn write_conversion(&self, out: &mut Vec<u8>, conversion: u8) {
        let format = [b'%', conversion, 0];
        let mut buffer = [0u8; MAX_CONVERSION];
        // SAFETY: the format ends in a zero byte, and the call writes no more than the given length into the buffer.
        let written = unsafe {
            libc::strftime(
                buffer.as_mut_ptr().cast(),
                buffer.len(),
                format.as_ptr().cast(),
                &self.0,
            )
        };
        out.extend_from_slice(&buffer[..written]);
    }
}

/// The time that `fields` denote in the local time zone; fields out of their ranges carry over. The weekday and the day of
/// the year are not looked at.
///
/// `None` if the time, or a field, cannot be represented.
pub fn timestamp(fields: &Fields) -> Option<Timestamp> {
    let narrow = |value: i64| c_int::try_from(value).ok();
    // SAFETY: a `tm` of zeros is valid: its zone is a null pointer, which `mktime` does not read.
    let mut tm = unsafe { MaybeUninit::<libc::tm>::zeroed().assume_init() };
    tm.tm_year = narrow(fields.year.checked_sub(TM_YEAR_BASE)?)?;
    tm.tm_mon = narrow(fields.month.checked_sub(1)?)?;
    tm.tm_mday = narrow(fields.day)?;
    tm.tm_hour = narrow(fields.hour)?;
    tm.tm_min = narrow(fields.minute)?;
    tm.tm_sec = narrow(fields.second)?;
    tm.tm_isdst = fields.daylight_saving.map_or(-1, c_int::from);
    // SAFETY: the pointer is valid for reads and writes of one `tm`.
    let time = unsafe { libc::mktime(&mut tm) };
    (time != -1).then_some(time)
}
