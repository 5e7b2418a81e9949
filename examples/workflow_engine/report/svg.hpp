// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

// Builds one SVG picture. Colours and type come from the page's style sheet by class names, so that
// a picture is right in light and dark.

#pragma once

#include <string>
#include <string_view>

namespace crew {

struct Point {
  double x = 0;
  double y = 0;
};

enum class Anchor { start, middle, end };

class Svg {
 public:
  /// It is drawn as wide as its place in the page, and scrolls where that is too narrow to read.
  /// `title` is what a screen reader says.
  Svg(double width, double height, std::string_view title);

  /// `tooltip` is shown when the pointer rests on the shape; may be empty.
  void rect(double x, double y, double width, double height, double radius, std::string_view css,
            std::string_view tooltip = {});
  void line(Point from, Point to, std::string_view css);
  void circle(Point centre, double radius, std::string_view css, std::string_view tooltip = {});
  /// `data`: an SVG path. `stroke_width` 0 leaves it to the class.
  void path(std::string_view data, std::string_view css, double stroke_width = 0,
            std::string_view tooltip = {});
  void text(Point at, std::string_view content, std::string_view css,
            Anchor anchor = Anchor::start);

  /// The element. The object is spent.
  std::string finish();

 private:
  void close_with(std::string_view element, std::string_view tooltip);
  std::string body_;
};

/// "12.5": a coordinate, as short as it can be.
std::string coordinate(double value);
/// "x y", for paths.
std::string pair(Point point);

/// Maps [low, high] to [from, to], by logarithm when asked; values outside are held at the ends.
struct Scale {
  double low = 0;
  double high = 1;
  double from = 0;
  double to = 1;
  bool logarithmic = false;
  [[nodiscard]] double operator()(double value) const;
};

/// A round step (1, 2 or 5 × a power of ten) that divides `span` into about `count` parts.
double round_step(double span, int count);

}  // namespace crew
