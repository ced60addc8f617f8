//! Random hosts against a second reading of the rules.

use proptest::prelude::*;

use super::*;

/// The rules once more, written from the registries as plain arithmetic, so that a slip in the
/// tables shows.
fn is_refused_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, d] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || ip.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || matches!((a, b, c), (192, 0, 0) | (192, 31, 196) | (192, 52, 193))
        || matches!((a, b, c), (192, 88, 99) | (192, 175, 48))
        || (a, b, c, d) == (168, 63, 129, 16)
}

fn is_refused_v6(ip: Ipv6Addr) -> bool {
    let bits = ip.to_bits();
    let low = Ipv4Addr::from_bits(u32::try_from(bits & 0xffff_ffff).unwrap());
    if bits >> 32 == 0xffff || bits >> 32 == 0x64_ff9b << 64 {
        return is_refused_v4(low);
    }
    let outer = bits >> 125 != 1
        || bits >> 105 == 0x2001_0000 >> 9
        || bits >> 96 == 0x2001_0db8
        || bits >> 112 == 0x2002
        || bits >> 108 == 0x3fff0;
    let is_isatap = bits >> 32 & 0xfdff_ffff == 0x5efe;
    outer || (is_isatap && is_refused_v4(low))
}

fn is_refused(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_refused_v4(ip),
        IpAddr::V6(ip) => is_refused_v6(ip),
    }
}

/// First and last address of special blocks; random addresses hardly ever fall near them.
const BORDERS: [([u8; 4], [u8; 4]); 18] = [
    ([0, 0, 0, 0], [0, 255, 255, 255]),
    ([10, 0, 0, 0], [10, 255, 255, 255]),
    ([100, 64, 0, 0], [100, 127, 255, 255]),
    ([127, 0, 0, 0], [127, 255, 255, 255]),
    ([168, 63, 129, 16], [168, 63, 129, 16]),
    ([169, 254, 0, 0], [169, 254, 255, 255]),
    ([172, 16, 0, 0], [172, 31, 255, 255]),
    ([192, 0, 0, 0], [192, 0, 0, 255]),
    ([192, 0, 2, 0], [192, 0, 2, 255]),
    ([192, 31, 196, 0], [192, 31, 196, 255]),
    ([192, 52, 193, 0], [192, 52, 193, 255]),
    ([192, 88, 99, 0], [192, 88, 99, 255]),
    ([192, 168, 0, 0], [192, 168, 255, 255]),
    ([192, 175, 48, 0], [192, 175, 48, 255]),
    ([198, 18, 0, 0], [198, 19, 255, 255]),
    ([198, 51, 100, 0], [198, 51, 100, 255]),
    ([203, 0, 113, 0], [203, 0, 113, 255]),
    ([224, 0, 0, 0], [255, 255, 255, 254]),
];

/// Addresses in, at and just outside the special blocks, plain and inside IPv6.
fn any_ip() -> impl Strategy<Value = IpAddr> {
    let border = prop::sample::select(BORDERS.to_vec());
    let border_v4 =
        (border, any::<[bool; 2]>(), any::<u32>()).prop_map(|((first, last), at, n)| {
            let (first, last) = (
                Ipv4Addr::from(first).to_bits(),
                Ipv4Addr::from(last).to_bits(),
            );
            match at {
                [true, true] => first.wrapping_sub(n % 2),
                [true, false] => last.wrapping_add(n % 2),
                [false, _] => first + n % (last - first + 1),
            }
        });
    let v4 = prop_oneof![any::<u32>(), border_v4].prop_map(Ipv4Addr::from_bits);
    let prefix = prop::sample::select(vec![
        0u128,
        0xffff << 32,
        0xffff << 48,
        0x0064_ff9b << 96,
        0x0064_ff9b_0001 << 80,
        0x2001 << 112,
        0x2001_01ff << 96,
        0x2001_0200 << 96,
        0x2001_0db8 << 96,
        0x2002 << 112,
        0x2606_4700 << 96 | 0x5efe << 32,
        0x2606_4700 << 96 | 0x0200_5efe << 32,
        0x2606_4700 << 96,
        0x3fff << 112,
        0x3fff_0fff << 96,
        0x3fff_1000 << 96,
        0xfd00 << 112,
        0xfe80 << 112,
    ]);
    let embedded = (prefix.clone(), v4.clone())
        .prop_map(|(prefix, low)| Ipv6Addr::from_bits(prefix | u128::from(low.to_bits())));
    let shifted = (prefix, any::<u128>())
        .prop_map(|(prefix, noise)| Ipv6Addr::from_bits(prefix | noise >> 40));
    let v6 = prop_oneof![
        any::<u128>().prop_map(Ipv6Addr::from_bits),
        embedded,
        shifted
    ];
    prop_oneof![v4.prop_map(IpAddr::V4), v6.prop_map(IpAddr::V6)]
}

fn in_url(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("https://{ip}/"),
        IpAddr::V6(ip) => format!("https://[{ip}]/"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn no_refused_address_is_ever_accepted_nor_a_public_one_refused(ip in any_ip()) {
        let guard = guard(false, &[], &[]);
        let accepted = guard.check_address(ip, 443).is_ok();
        prop_assert_eq!(accepted, !is_refused(ip), "{}", ip);
        prop_assert_eq!(guard.check_url(&in_url(ip)).is_ok(), accepted, "{}", ip);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn ipv4_in_any_spelling_gets_the_same_verdict(octets in any::<[u8; 4]>(), style in 0..5u8) {
        let ip = Ipv4Addr::from(octets);
        let [a, b, c, d] = octets;
        let spelled = match style {
            0 => ip.to_bits().to_string(),
            1 => format!("{:#x}", ip.to_bits()),
            2 => format!("{a:#x}.0{b:o}.{}", u16::from_be_bytes([c, d])),
            3 => format!("{a}.{}", ip.to_bits() & 0x00ff_ffff),
            _ => format!("[::ffff:{ip}]"),
        };
        let guard = guard(false, &[], &[]);
        let verdict = guard.check_url(&format!("https://{spelled}/")).is_ok();
        prop_assert_eq!(verdict, !is_refused_v4(ip), "{}", spelled);
    }

    #[test]
    fn whatever_is_accepted_is_public_by_name_or_by_number(
        host in "[a-zA-Z0-9.\\-_%:\\[\\]@/\\\\①-⑨。ａ-ｚ０-９x]{1,40}"
    ) {
        let guard = guard(false, &[], &[]);
        if let Ok(target) = guard.check_url(&format!("https://{host}")) {
            match target.parsed_host() {
                Host::Domain(name) => {
                    prop_assert!(name.contains('.') && !name.ends_with('.'), "{}", name);
                    let last = name.rsplit('.').next().unwrap_or_default();
                    let is_local = ["localhost", "local", "internal", "lan", "onion"].contains(&last);
                    prop_assert!(!is_local && !name.ends_with(".home.arpa"), "{}", name);
                }
                Host::Ipv4(ip) => prop_assert!(!is_refused_v4(ip), "{}", ip),
                Host::Ipv6(ip) => prop_assert!(!is_refused_v6(ip), "{}", ip),
            }
            let again = guard.check_url(target.as_str());
            prop_assert_eq!(again.as_ref(), Ok(&target));
        }
    }

    #[test]
    fn no_text_at_all_makes_the_guard_panic(text in any::<String>()) {
        let guard = guard(true, &["0.0.0.0/0"], &[]);
        if let Ok(target) = guard.check_url(&text) {
            prop_assert!(target.as_str().is_ascii());
        }
    }
}
