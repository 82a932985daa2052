//! Words that many names share, from general knowledge: legal forms, connecting words, business words, places, numbers.
//! Deliberately absent: names of real clients.

/// Legal forms: each family with its folded spellings, separated by a bar. `limited` and `ltd` are one form.
pub(crate) const LEGAL_FORMS: &[(&str, &str)] = &[
    ("ltd", "ltd|limited|lmtd|cyfyngedig|cyf|teoranta|teo"),
    ("ltda", "ltda|limitada|lda"),
    ("inc", "inc|incorporated|incorporation|incorp"),
    ("corp", "corp|corporation"),
    ("co", "co|company|cie|compagnie|cia"),
    ("llc", "llc|limited liability company|pllc"),
    ("llp", "llp|limited liability partnership"),
    ("lp", "lp|limited partnership"),
    ("plc", "plc|public limited company"),
    ("cic", "cic|community interest company"),
    ("cio", "cio"),
    ("pty", "pty|proprietary"),
    ("pvt", "pvt|private"),
    ("pte", "pte"),
    ("sdn", "sdn"),
    ("bhd", "bhd|berhad"),
    ("tbk", "tbk"),
    ("gmbh", "gmbh|ggmbh|mbh|gesellschaft mit beschrankter haftung|gesmbh|gesellschaft"),
    ("ag", "ag|aktiengesellschaft"),
    ("kg", "kg|kommanditgesellschaft"),
    ("kgaa", "kgaa"),
    ("ohg", "ohg"),
    ("gbr", "gbr"),
    ("ug", "ug|haftungsbeschrankt"),
    ("ek", "ek"),
    ("ev", "ev"),
    ("eg", "eg"),
    ("sa", "sa|societe anonyme|sociedad anonima|sociedade anonima|saic|sab|αε"),
    ("sacv", "sa de cv"),
    ("sas", "sas|sasu"),
    ("sarl", "sarl|eurl"),
    ("sci", "sci"),
    ("scop", "scop"),
    ("snc", "snc"),
    ("spa", "spa|societa per azioni"),
    ("srl", "srl|srls"),
    ("sl", "sl|slu"),
    ("sro", "sro|spol"),
    ("spzoo", "spzoo|sp zoo|zoo"),
    ("bv", "bv|besloten vennootschap|bvba"),
    ("nv", "nv|naamloze vennootschap"),
    ("vof", "vof"),
    ("cv", "cv"),
    ("ab", "ab|aktiebolag|aktiebolaget"),
    ("hb", "hb"),
    ("as", "as|asa|aktieselskab|aktieselskabet|as sti"),
    ("aps", "aps"),
    ("oy", "oy|oyj|osakeyhtio|oyab"),
    ("kft", "kft"),
    ("zrt", "zrt|nyrt"),
    ("doo", "doo"),
    ("dd", "dd"),
    ("ood", "ood|eood"),
    ("ead", "ead"),
    ("ad", "ad"),
    ("uab", "uab"),
    ("sia", "sia"),
    ("ou", "ou"),
    ("kk", "kk|kabushiki kaisha|kabushikikaisha"),
    ("yk", "yk|yugen kaisha"),
    ("gk", "gk"),
    ("ooo", "ooo|ооо"),
    ("oao", "oao|pao|ао|оао|пао"),
    ("zao", "zao|зао"),
    ("epe", "επε"),
    ("sti", "sti"),
    ("jsc", "jsc|pjsc|ojsc"),
    ("pc", "pc"),
    ("pa", "pa"),
    ("na", "na|bank na"),
    ("fze", "fze|fzco|fzllc"),
    ("wll", "wll"),
    ("se", "se"),
    ("eireli", "eireli|epp"),
    ("me", "me"),
    ("unltd", "unlimited"),
];

/// Legal forms that precede or follow a name written without spaces, and their families.
pub(crate) const EAST_ASIAN_FORMS: &[(&str, &str)] = &[
    ("股份有限公司", "ltd"),
    ("有限责任公司", "ltd"),
    ("有限公司", "ltd"),
    ("股份公司", "ltd"),
    ("集团", "group"),
    ("公司", "co"),
    ("株式会社", "kk"),
    ("有限会社", "yk"),
    ("合同会社", "gk"),
    ("주식회사", "kk"),
    ("유한회사", "yk"),
];

/// Connecting words. They have no weight.
pub(crate) const JOINING: &str = "\
    the a an of and for in at on to by de des du di da do dos del della delle degli dei la le les el los las \
    il lo et e y und der die das den dem fur im am van von het en og och i w z zu zur l d s o";

/// Words with their abbreviations and spelling variants.
pub(crate) const SPELLINGS: &[(&str, &str)] = &[
    (
        "university",
        "univ universite universitat universidad universidade universita universiteit universitet universitetet universitaet univerzita univerza uniwersytet yliopisto u uni",
    ),
    ("institute", "inst institut instituto istituto institutet institution"),
    ("technology", "tech technologies technologie techs technol"),
    ("laboratory", "lab labs laboratories laboratoire laboratoires laboratorios laboratori labor"),
    ("international", "intl int internat internacional internazionale internationale"),
    ("national", "natl nat nationale nacional nazionale"),
    ("association", "assoc assn asso"),
    ("associates", "assocs"),
    ("department", "dept dep departement departamento"),
    ("division", "div"),
    ("manufacturing", "mfg manuf"),
    ("manufacturers", "mfrs"),
    ("brothers", "bros"),
    ("service", "svc svcs serv servs"),
    ("system", "sys syst"),
    ("management", "mgmt mgt"),
    ("government", "govt gov"),
    ("center", "ctr cntr cnt centre centro centrum zentrum cent"),
    ("community", "comm"),
    ("communication", "commun comms"),
    ("telecommunication", "telecom telecoms telco"),
    ("electric", "elec electr"),
    ("engineering", "engg eng engrg"),
    ("industry", "ind inds indus industries"),
    ("product", "prod prods"),
    ("pharmaceutical", "pharm pharma"),
    ("chemical", "chem"),
    ("research", "res rsch"),
    ("development", "dev devel develop"),
    ("organization", "org organisation"),
    ("group", "grp gp groupe gruppe grupo gruppo"),
    ("holding", "hldgs hldg"),
    ("foundation", "fdn fndn found fnd fondation fondazione fundacion stiftung"),
    ("society", "soc societe"),
    ("hospital", "hosp hosps"),
    ("medical", "med"),
    ("academy", "acad academie"),
    ("college", "coll"),
    ("school", "sch schl"),
    ("elementary", "elem"),
    ("district", "dist"),
    ("saint", "st ste"),
    ("mount", "mt"),
    ("fort", "ft"),
    ("road", "rd"),
    ("avenue", "ave av"),
    ("boulevard", "blvd"),
    ("building", "bldg"),
    ("branch", "br"),
    ("family", "fam"),
    ("environmental", "env"),
    ("information", "info"),
    ("accounting", "acct"),
    ("insurance", "ins"),
    ("financial", "fin"),
    ("transport", "trans transp transportation"),
    ("doctor", "dr"),
    ("science", "sci sciences"),
    ("color", "colour"),
    ("labor", "labour"),
    ("theater", "theatre"),
    ("fiber", "fibre"),
    ("defense", "defence"),
    ("program", "programme"),
    ("consulting", "consult consultants consultant consultancy"),
    ("us", "usa"),
    ("germany", "deutschland"),
    ("netherlands", "nederland"),
    ("switzerland", "suisse schweiz"),
    ("italy", "italia"),
    ("spain", "espana"),
    ("poland", "polska"),
    ("sweden", "sverige"),
    ("norway", "norge"),
    ("denmark", "danmark"),
    ("brazil", "brasil"),
    ("austria", "osterreich"),
    ("munich", "munchen"),
    ("vienna", "wien"),
    ("cologne", "koln"),
    ("rome", "roma"),
    ("milan", "milano"),
    ("turin", "torino"),
    ("naples", "napoli"),
];

/// Common words for what a company does or is, which distinguish little.
pub(crate) const GENERIC: &str = "\
    system solution technology service group holding international global worldwide consulting software \
    network networking communication telecommunication telecommunications information data digital computer \
    computing research laboratory development engineering industry industrial product manufacturing \
    electronic electric electrical energy power security internet online web cloud mobile wireless media \
    design studio management partner partnership associate association enterprise business company corporate \
    venture capital investment financial finance bank insurance legal law accounting account tax advisor \
    advisory health healthcare medical dental care clinic hospital surgery practice pharmacy pharmaceutical \
    home house nursing charity charitable trust foundation society institute university college school \
    academy center department division branch office site unit team program project community family \
    children child learning education training council committee board agency authority ministry government \
    public national federal state regional local city county district church club centre operation \
    operations support supply trading sale sales marketing retail store shop logistic transport construction \
    building property estate housing real material chemical food automotive aviation aerospace defense \
    environmental science scientific innovation creative general advanced applied first new united american \
    european professional private labs lab it tech co inc headquarters hq main subsidiary former formerly \
    known charities organization member customer client europe asia africa north south east west central \
    northern southern eastern western us uk eu emea apac";

/// Words by the type of organization that has them in its name.
pub(crate) const SORTS: &[(Sort, &str)] = &[
    (
        Sort::Charity,
        "charity charities charitable trust hospice association foundation society fund relief mission volunteer \
         voluntary volunteers friends league church christian community carers carer aid council club project alliance \
         federation fellowship support appeal rescue homes housing welfare youth families cvs",
    ),
    (
        Sort::Public,
        "nhs borough department ministry government authority agency university college school academy institute \
         police prison city county district state federal national royal commission office board hospital library",
    ),
    (Sort::Practice, "surgery practice medical clinic dental pharmacy doctors dr doctor gp nursing physiotherapy"),
    (
        Sort::Trade,
        "services solutions systems technologies technology group holdings consulting consultants software networks \
         products industries engineering partners associates supplies international enterprises agency recruitment",
    ),
];

/// The type of organization that a name's words indicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Charity,
    Public,
    Practice,
    Trade,
}

/// Countries, states and large towns: words that distinguish a branch from its parent.
pub(crate) const PLACES: &str = "\
    north south east west central northern southern eastern western upper lower america american europe \
    european asia asian pacific africa african emea apac latam uk us eu uae england scotland wales britain \
    british ireland irish germany german france french italy italian spain spanish portugal netherlands \
    dutch belgium luxembourg switzerland swiss austria austrian poland polish czech slovakia hungary romania \
    bulgaria greece turkey russia russian ukraine sweden swedish norway norwegian denmark danish finland \
    finnish iceland estonia latvia lithuania canada canadian mexico mexican brazil argentina chile colombia \
    peru australia australian zealand japan japanese china chinese korea korean taiwan india indian pakistan \
    singapore malaysia thailand vietnam indonesia philippines israel egypt kenya nigeria ghana morocco \
    tunisia arabia saudi qatar kuwait alabama alaska arizona arkansas california colorado connecticut \
    delaware florida georgia hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland \
    massachusetts michigan minnesota mississippi missouri montana nebraska nevada hampshire jersey york \
    carolina dakota ohio oklahoma oregon pennsylvania rhode tennessee texas utah vermont virginia washington \
    wisconsin wyoming ontario quebec london manchester birmingham leeds liverpool bristol sheffield glasgow \
    edinburgh cardiff belfast dublin oxford cambridge nottingham leicester newcastle southampton paris lyon \
    berlin munich hamburg frankfurt cologne stuttgart vienna zurich geneva amsterdam rotterdam brussels \
    madrid barcelona lisbon rome milan turin naples athens istanbul moscow prague warsaw budapest stockholm \
    oslo copenhagen helsinki tokyo osaka kyoto beijing shanghai shenzhen hong kong seoul taipei delhi mumbai \
    bangalore sydney melbourne toronto montreal vancouver chicago boston dallas houston austin denver \
    seattle atlanta miami detroit philadelphia phoenix francisco angeles diego vegas kent essex surrey \
    sussex devon cornwall norfolk suffolk yorkshire lancashire cheshire derbyshire midlands county city";

/// Words that introduce another or a former name.
pub(crate) const ALIAS_MARKS: &str = "\
    ta dba aka formerly fka trading previously nee";

/// Number words and their values.
pub(crate) const NUMBER_WORDS: &[(&str, u32)] = &[
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("ii", 2),
    ("iii", 3),
    ("iv", 4),
    ("vi", 6),
    ("vii", 7),
    ("viii", 8),
    ("ix", 9),
];

/// Top-level domains.
pub(crate) const DOMAIN_ENDS: &str = "\
    com org net edu gov io ai co biz info eu uk de fr nl be ch at it es pt pl cz se no dk fi ie us ca au nz \
    jp cn in br ru tv me app dev cloud tech online ltd group health care school church";

/// Domains of mail providers, which identify no client.
pub(crate) const SHARED_DOMAINS: &str = "\
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com aol.com icloud.com me.com \
    mac.com gmx.com gmx.net gmx.de web.de t-online.de proton.me protonmail.com mail.com yandex.ru mail.ru \
    qq.com 163.com comcast.net verizon.net att.net btinternet.com sky.com orange.fr free.fr libero.it";
