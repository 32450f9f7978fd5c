// rondo doc: the `##` comments of cells as Markdown, each with its signature, states and parameters.
#include "compiler/Run/Files.h"
#include "compiler/Tools/Source.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>

using namespace llvm;

namespace rondo::tools {

namespace {

/// Source text on one line.
std::string slice(SMRange range) {
  if (!range.isValid())
    return {};
  StringRef text(range.Start.getPointer(), size_t(range.End.getPointer() - range.Start.getPointer()));
  std::string out;
  SmallVector<StringRef, 4> lines;
  text.split(lines, '\n');
  for (StringRef line : lines)
    if (!line.trim().empty())
      out += (out.empty() ? "" : " ") + line.trim().str();
  return out;
}

/// A name or code inside a table: bars would end the field.
std::string code(StringRef text) {
  std::string out = "`";
  for (char c : text)
    out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out + "`";
}

/// How long the first sentence of a text is, with its full stop. "K. Cho" is no end of one.
size_t firstSentence(StringRef text) {
  size_t paragraph = std::min(text.find("\n\n"), text.size());
  for (size_t at = text.find('.'); at < paragraph; at = text.find('.', at + 1))
    if (at + 1 == text.size() || (isSpace(text[at + 1]) && at >= 2 && !isSpace(text[at - 2])))
      return at + 1;
  return paragraph;
}

std::string onOneLine(StringRef text) {
  std::string out = text.str();
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

struct Section {
  std::string title, text;
  std::vector<const dsl::Cell *> cells;
};

Section sectionOf(const dsl::File &file, StringRef path) {
  Section section;
  StringRef doc = StringRef(file.doc).trim();
  size_t title = firstSentence(doc);
  section.title = doc.empty() ? sys::path::filename(path).str() : onOneLine(doc.take_front(title).rtrim("."));
  section.text = doc.drop_front(title).trim().str();
  for (const dsl::Cell *cell : file.cells)
    section.cells.push_back(cell);
  return section;
}

class Writer {
public:
  explicit Writer(raw_ostream &os) : os(os) {}

  void index(ArrayRef<Section> sections) {
    for (const Section &section : sections) {
      os << "\n**" << section.title << "**\n\n| cell | |\n|---|---|\n";
      for (const dsl::Cell *cell : section.cells)
        os << "| [" << code(cell->name.text) << "](#" << cell->name.text.lower() << ") | "
           << onOneLine(StringRef(cell->doc).take_front(firstSentence(cell->doc))) << " |\n";
    }
  }

  void section(const Section &section) {
    os << "\n## " << section.title << "\n";
    if (!section.text.empty())
      os << '\n' << section.text << '\n';
    for (const dsl::Cell *cell : section.cells)
      this->cell(*cell);
  }

private:
  void cell(const dsl::Cell &cell) {
    os << "\n### " << cell.name.text << "\n\n";
    // A signature is no program: the block has no language.
    os << "```\n" << slice(SMRange(cell.range.Start, cell.openBrace)) << "\n```\n";
    if (!cell.doc.empty())
      os << '\n' << StringRef(cell.doc).trim() << '\n';
    table(cell, dsl::Item::Kind::Input, "input", "type", "on");
    table(cell, dsl::Item::Kind::State, "state", "type", "starts as");
    table(cell, dsl::Item::Kind::Param, "parameter", "type", "initial");
  }

  void table(const dsl::Cell &cell, dsl::Item::Kind kind, StringRef what, StringRef type, StringRef last) {
    bool any = false;
    for (const dsl::Item *item : cell.body) {
      if (item->kind != kind)
        continue;
      if (!any)
        os << "\n| " << what << " | " << type << " | " << last << " |\n|---|---|---|\n";
      any = true;
      for (const dsl::Name &name : item->names) {
        os << "| " << code(name.text) << " | " << (item->type ? code(slice(item->type->range)) : "") << " | ";
        if (kind == dsl::Item::Kind::Input) {
          for (size_t i = 0; i < item->clocks.size(); ++i)
            os << (i ? " in " : "") << code(item->clocks[i].text);
        } else if (item->value) {
          os << code(slice(item->value->range));
        } else {
          os << "zeros";
        }
        if (item->family)
          os << (item->value ? " " : "") << code(slice(item->family->range));
        os << " |\n";
      }
    }
  }

  raw_ostream &os;
};

} // namespace

static int run(const Command &command, const Arguments &arguments) {
  dsl::Frontend frontend;
  std::vector<Section> sections;
  bool isLibrary = arguments.positional.empty();
  if (isLibrary) {
    for (auto [name, text] : dsl::libraryTexts())
      if (dsl::File *file = frontend.parseText(text, name))
        sections.push_back(sectionOf(*file, name));
  } else {
    for (const std::string &path : arguments.positional)
      if (dsl::File *file = parsePath(frontend, path))
        sections.push_back(sectionOf(*file, path));
  }
  printDiagnostics(frontend);
  if (frontend.diagnostics().hasErrors())
    return exitError;

  Error error = rondo::run::writeWhole(arguments.text("o", "-"), [&](raw_ostream &os) {
    if (isLibrary)
      os << "# The standard library\n\nEvery cell here is written in the language itself, in `lib/`. This page is "
            "printed by `rondo doc`.\n";
    else
      os << "# " << (sections.size() == 1 ? sections[0].title : std::string("Cells")) << "\n";
    Writer writer(os);
    writer.index(sections);
    for (const Section &section : sections)
      writer.section(section);
  });
  return error ? failed(std::move(error)) : exitFine;
}

Command docCommand() {
  return {"doc",
          "[FILE...]",
          "render the documentation of cells as Markdown",
          "Without a FILE: of the standard library.",
          {{"o", Option::Kind::File, "FILE", "write to FILE instead of the standard output"}},
          0,
          ~size_t(0),
          run};
}

} // namespace rondo::tools
