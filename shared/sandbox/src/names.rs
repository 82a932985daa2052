//! Made-up names of clients, people and machines.

use crate::random::Random;

const STEMS: [&str; 76] = [
    "Ashdown Dental Care",
    "Barley Mow Brewing",
    "Brackenhurst Surveyors",
    "Bridgefoot Legal",
    "Calder & Finch",
    "Cherry Orchard Nurseries",
    "Chillington Press",
    "Coldstream Glazing",
    "Copperfield Lettings",
    "Crowhurst Haulage",
    "Daventry Optics",
    "Deepdale Joinery",
    "Dunmore Veterinary",
    "Eastgate Accountants",
    "Elmswell Care Homes",
    "Fairholme Architects",
    "Fenwick Marine",
    "Foxglove Interiors",
    "Gadsby Engineering",
    "Glenfield Foods",
    "Greenacre Solar",
    "Halstead Print",
    "Harcourt Timber",
    "Hawksmoor Roofing",
    "Hazelwood Academy",
    "Hollin Brook Farms",
    "Ironbridge Fabrications",
    "Juniper Catering",
    "Kelvedon Plastics",
    "Kestrel Aerial",
    "Kingsmead Pharmacy",
    "Larkrise Nursery School",
    "Linden Lane Estates",
    "Longmynd Outdoor",
    "Loxley Tools",
    "Maltings Arts Trust",
    "Marlpit Quarrying",
    "Merriott Textiles",
    "Millrace Hydro",
    "Moorcroft Ceramics",
    "Netherby Wines",
    "Oakapple Toys",
    "Old Forge Motors",
    "Orchard House Clinic",
    "Pennine Couriers",
    "Pinecrest Hotels",
    "Quayside Seafoods",
    "Ravenscar Lighting",
    "Redcliffe Insurance",
    "Rosebank Florists",
    "Saltmarsh Ecology",
    "Sandhurst Lane Physio",
    "Silverdale Jewellers",
    "Stonebridge Wealth",
    "Swithland Slate",
    "Tamarind Kitchens",
    "Thistledown Bakery",
    "Tolpuddle Cycles",
    "Umberleigh Cheese",
    "Wetherby Instruments",
    "Whitethorn Energy",
    "Wyndham Rail Services",
    "Almondbury Opticians",
    "Burwash Upholstery",
    "Cawthorne Plumbing",
    "Dovedale Montessori",
    "Ellerby Aggregates",
    "Frensham Watersports",
    "Gomersal Podiatry",
    "Hathersage Climbing",
    "Ingleby Stationery",
    "Jesmond Acoustics",
    "Knaresborough Linens",
    "Lavenham Antiques",
    "Mapledurham Apiaries",
    "Nidderdale Dairies",
];

const FORMS: [&str; 6] = [" Ltd", " Ltd", " Ltd", " LLP", " plc", ""];

/// Names that a table, a mail or a page must show as they are and never obey.
pub(crate) const ODD: [&str; 7] = [
    "=HYPERLINK(\"http://evil.example/?x=1\",\"Click\") Ltd",
    "O'Malley & \"Sons\", Ltd",
    "\u{1f41d} Bumble Honey Ltd",
    "Zeitoun\u{200f} Imports \u{202e}dtL",
    "<script>alert('x')</script> Design",
    "+44 Telecom | Voice; Data",
    "@Home Care <b>Ltd</b>",
];

/// A client's name that resembles no other, and that of an organization that has it with another legal form.
pub(crate) const TWINS: [&str; 2] = ["Thornqvist Mapmakers Ltd", "Thornqvist Mapmakers Inc"];

/// Names of accounts that resemble no client.
pub(crate) const STRANGERS: [&str; 2] = ["Zephyr & Quill Observatory", "Vuokatti Xylophone Guild"];

/// The name of the n-th client: each is unique, also without case, spaces and punctuation.
pub(crate) fn client(n: usize, random: &mut Random) -> String {
    let form = random.pick(&FORMS);
    let stem = STEMS[n % STEMS.len()];
    match n / STEMS.len() {
        0 => format!("{stem}{form}"),
        round => format!("{stem} ({}){form}", town(round - 1)),
    }
}

fn town(n: usize) -> String {
    const TOWNS: [&str; 8] = ["North", "South", "Wells", "Truro", "Leith", "Derby", "Ayr", "Bangor"];
    match n / TOWNS.len() {
        0 => TOWNS[n].to_owned(),
        more => format!("{} {more}", TOWNS[n % TOWNS.len()]),
    }
}

/// The same name as another system's clerk typed it: equal but for case, spaces and punctuation.
pub(crate) fn retyped(name: &str, random: &mut Random) -> String {
    match random.between(0, 9) {
        0 => name.to_uppercase(),
        1 => format!("{name}."),
        2 => name.replacen(' ', "  ", 1),
        3 => name.replace(" Ltd", ", Ltd"),
        _ => name.to_owned(),
    }
}

/// A person's user name, unique by the number in it.
pub(crate) fn person(random: &mut Random, number: u64) -> String {
    const FIRST: [&str; 16] = [
        "amir", "beth", "callum", "dilys", "edwin", "farah", "gwen", "hamish", "isla", "jorge", "kasia", "leo", "mina",
        "noor", "owen", "priya",
    ];
    const LAST: [&str; 12] =
        ["abbott", "banerjee", "carver", "dunn", "evans", "fry", "galvin", "hughes", "ito", "jarvis", "kaur", "lamb"];
    format!("{}.{}{number}", random.pick(&FIRST), random.pick(&LAST))
}

/// A short host prefix made from a client's name.
pub(crate) fn prefix(name: &str) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphabetic).take(3).collect();
    if letters.is_empty() { "HST".to_owned() } else { letters.to_uppercase() }
}
