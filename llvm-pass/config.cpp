// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstdlib>

using namespace llvm;

namespace rexpass
{

// One line after the first. Returns false with the reason in `why`.
static bool readDirective(StringRef line, Config &config, bool &modeSeen, std::string &why)
{
    auto [key, value] = line.split(' ');
    if (value.empty()) {
        why = "a directive and its value expected";
        return false;
    }
    if (key == "mode" && !modeSeen) {
        modeSeen = true;
        if (value == "none")
            config.mode = CheckMode::None;
        else if (value == "list")
            config.mode = CheckMode::List;
        else if (value == "core")
            config.mode = CheckMode::Core;
        else
            why = "mode is none, list or core";
    } else if (key == "report" && config.reportPath.empty()) {
        config.reportPath = value.str();
    } else if (key == "check") {
        if (!config.checks.insert(value).second)
            why = "a function named twice";
    } else {
        why = "unknown or repeated directive";
    }
    return why.empty();
}

bool readConfig(Config &config, std::string &error)
{
    const char *path = std::getenv("REXC_PASS_CONFIG");
    if (path == nullptr)
        return true;
    auto file = MemoryBuffer::getFile(path, /*IsText=*/true);
    if (!file) {
        error = (Twine(path) + ": " + file.getError().message()).str();
        return false;
    }
    StringRef text = (*file)->getBuffer();
    if (!text.consume_back("\n")) {
        error = (Twine(path) + ": does not end in a newline").str();
        return false;
    }
    SmallVector<StringRef, 16> lines;
    text.split(lines, '\n');
    bool modeSeen = false;
    std::string why;
    size_t number = 1;
    if (lines.front() != "rexpass 1")
        why = "not a configuration of format 1";
    for (number = 1; why.empty() && number < lines.size(); number++)
        readDirective(lines[number], config, modeSeen, why);
    if (why.empty() && !modeSeen)
        why = "mode is missing";
    if (why.empty() && config.mode != CheckMode::List && !config.checks.empty())
        why = "check is for mode list";
    if (!why.empty()) {
        error = (Twine(path) + ":" + Twine(number) + ": " + why).str();
        return false;
    }
    return true;
}

} // namespace rexpass
