// What tokens are called in pictures.
#ifndef RONDO_RUN_TOKENTEXTS_H
#define RONDO_RUN_TOKENTEXTS_H

#include "dsl/Model.h"
#include <map>
#include <string>
#include <vector>

namespace rondo::run {

/// What a vocabulary calls the tokens of inputs, by input and number.
using TokenTexts = std::map<std::string, std::vector<std::string>>;

/// Else, of an input of characters, the character, with a sign for a space or the end of a line; else the number.
std::string tokenText(const TokenTexts &texts, const dsl::Input &input, int64_t token);

} // namespace rondo::run
#endif
