//! Rules that fit what a world bills, for those who hold the suggestions against worlds of which the rules are known.

use std::io::{BufRead, Write};

use serde::Serialize;
use truecount_suggestions::{SuggestionInputs, Suggestions, WhichProducts, suggest};

use super::World;
use super::inputs::ReadyWorld;
use super::run::{WorldStreamError, each_world, told};

/// What is suggested for a world.
#[derive(Serialize)]
struct SuggestedWorld {
    name: String,
    #[serde(flatten)]
    suggestions: Suggestions,
}

/// Suggests rules for many worlds, one line of JSON each, and writes one line of suggestions for each: of a world that
/// cannot be used, why. Answers with how many could not be used.
///
/// # Errors
/// [`WorldStreamError`]; what was written before stays.
pub fn suggest_for_worlds(file: &str, worlds: impl BufRead, outcomes: impl Write) -> Result<usize, WorldStreamError> {
    each_world(file, worlds, outcomes, suggested)
}

fn suggested(world: &World) -> Result<SuggestedWorld, String> {
    let ReadyWorld { rules, inputs, context } = world.ready().map_err(|error| told(&error))?;
    let vocabulary = world.vocabulary().map_err(|error| told(&error))?;
    let suggestions = suggest(&SuggestionInputs {
        inputs: &inputs,
        context,
        rules: &rules,
        rules_text: &world.rules,
        vocabulary: &vocabulary,
        which: WhichProducts::WithoutRule,
    });
    let suggestions = suggestions.map_err(|error| told(&error))?;
    Ok(SuggestedWorld { name: world.name.clone(), suggestions })
}
