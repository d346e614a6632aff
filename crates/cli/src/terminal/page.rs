use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::to_svg;
use crate::failure::Failure;

/// A page of A4 with a recovery code, to be printed and kept.
pub(crate) struct Page<'a> {
    /// In groups.
    pub(crate) code: &'a str,
    pub(crate) account: String,
    pub(crate) server: &'a str,
    pub(crate) made_at: String,
    pub(crate) delay: String,
}

impl Page<'_> {
    /// As SVG. All that stands in it is ASCII: the account's id, a URL, times, and the code.
    pub(crate) fn to_svg(&self) -> Result<Zeroizing<String>, Failure> {
        let plain = Zeroizing::new(self.code.replace(' ', "").to_uppercase());
        let qr = Zeroizing::new(to_svg(&plain)?);
        let mut svg = Zeroizing::new(String::with_capacity(qr.len() + 4_096));
        svg.push_str(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"210mm\" height=\"297mm\" viewBox=\"0 0 210 297\" \
             font-family=\"sans-serif\">\n<path fill=\"#fff\" d=\"M0 0h210v297H0z\"/>\n",
        );
        let mut line = |y: u32, size: u32, text: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(svg, "<text x=\"20\" y=\"{y}\" font-size=\"{size}\">{}</text>", escaped(text));
        };
        line(32, 9, "Keyfold recovery code");
        line(46, 4, "It brings your passkeys back on a new device when every other device is gone.");
        line(53, 4, "Keep this page where nobody else finds it, and away from your devices.");
        let mut y = 72;
        let groups: Vec<&str> = self.code.split(' ').collect();
        for groups in groups.chunks(3) {
            let _ = writeln!(
                svg,
                "<text x=\"20\" y=\"{y}\" font-size=\"9\" font-family=\"monospace\" xml:space=\"preserve\">{}</text>",
                escaped(&groups.join("  "))
            );
            y += 14;
        }
        // Its quiet zone lies in the margin.
        let placed = qr.replacen("<svg ", "<svg x=\"12\" y=\"97\" width=\"76\" height=\"76\" ", 1);
        svg.push_str(&Zeroizing::new(placed));
        let mut line = |x: u32, y: u32, text: &str| {
            let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y}\" font-size=\"4\">{}</text>", escaped(text));
        };
        let facts = [
            ("Server", self.server),
            ("Account", self.account.as_str()),
            ("Made", self.made_at.as_str()),
            ("Delay", self.delay.as_str()),
        ];
        for ((name, value), y) in facts.into_iter().zip((186..).step_by(8)) {
            line(20, y, name);
            line(45, y, value);
        }
        line(20, 226, "To use it, on a new device:");
        line(20, 233, &format!("keyfold recovery use --server {}", self.server));
        line(20, 247, "It is good for one use; the new device makes another. While the delay lasts, each of your");
        line(20, 253, "devices shows that somebody uses it, and stops that with: keyfold recovery cancel");
        svg.push_str("</svg>\n");
        Ok(svg)
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_the_code_its_qr_code_and_what_to_do_with_it() {
        let code = keyfold_client::RecoveryCode::new([7; 20]).to_text();
        let page = Page {
            code: &code,
            account: "aaaa".into(),
            server: "https://a&b.example",
            made_at: "2026-01-01T00:00:00Z".into(),
            delay: "3d".into(),
        };
        let svg = page.to_svg().unwrap();
        for group in code.split(' ') {
            assert!(svg.contains(group), "{group}");
        }
        assert!(svg.contains("https://a&amp;b.example") && svg.matches("<svg").count() == 2);
        let ends = svg.trim_end().ends_with("</svg>");
        assert!(ends && svg.matches("</svg>").count() == 2);
    }
}
