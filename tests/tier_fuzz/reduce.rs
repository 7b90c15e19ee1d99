//! Makes a program small that shows a difference.

/// Leaves out lines as long as the difference is still there: first many at once, then fewer.
pub fn reduce(program: &str, differs: impl Fn(&str) -> bool) -> String {
    let mut lines: Vec<&str> = program.lines().collect();
    let mut size = lines.len() / 2;
    while size > 0 {
        let mut start = 0;
        let before = lines.len();
        while start < lines.len() {
            let end = (start + size).min(lines.len());
            let mut fewer = lines[..start].to_vec();
            fewer.extend(&lines[end..]);
            if differs(&fewer.join("\n")) {
                lines = fewer;
            } else {
                start += size;
            }
        }
        if size > 1 || lines.len() == before {
            size /= 2;
        }
    }
    lines.join("\n")
}
