// SPDX-FileCopyrightText: 2026 The Frys Kernel authors
// SPDX-License-Identifier: Apache-2.0

#include "report/svg.hpp"

#include <algorithm>
#include <cmath>

#include "report/format.hpp"

namespace crew {
namespace {

constexpr double least_scale = 0.8;  ///< Below it, 12 px type can't be read.

std::string attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + coordinate(value) + "\"";
}

std::string css_class(std::string_view css) { return " class=\"" + escape(css) + "\""; }

}  // namespace

std::string coordinate(double value) {
  std::string text = format_fixed(value, 1);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string pair(Point point) { return coordinate(point.x) + " " + coordinate(point.y); }

Svg::Svg(double width, double height, std::string_view title) {
  body_ = "<div class=\"scroll\"><svg style=\"min-width:" + coordinate(width * least_scale) +
          "px\" viewBox=\"0 0 " + coordinate(width) + " " + coordinate(height) +
          "\" role=\"img\" aria-label=\"" + escape(title) + "\">";
}

void Svg::close_with(std::string_view element, std::string_view tooltip) {
  if (tooltip.empty()) {
    body_ += "/>\n";
  } else {
    body_ += "><title>" + escape(tooltip) + "</title></" + std::string(element) + ">\n";
  }
}

void Svg::rect(double x, double y, double width, double height, double radius, std::string_view css,
               std::string_view tooltip) {
  body_ += "<rect" + css_class(css) + attribute("x", x) + attribute("y", y) +
           attribute("width", std::max(width, 0.0)) + attribute("height", std::max(height, 0.0));
  if (radius > 0) body_ += attribute("rx", radius);
  close_with("rect", tooltip);
}

void Svg::line(Point from, Point to, std::string_view css) {
  body_ += "<line" + css_class(css) + attribute("x1", from.x) + attribute("y1", from.y) +
           attribute("x2", to.x) + attribute("y2", to.y);
  close_with("line", {});
}

void Svg::circle(Point centre, double radius, std::string_view css, std::string_view tooltip) {
  body_ += "<circle" + css_class(css) + attribute("cx", centre.x) + attribute("cy", centre.y) +
           attribute("r", radius);
  close_with("circle", tooltip);
}

void Svg::path(std::string_view data, std::string_view css, double stroke_width,
               std::string_view tooltip) {
  body_ += "<path" + css_class(css) + " d=\"" + std::string(data) + "\"";
  if (stroke_width > 0) body_ += attribute("stroke-width", stroke_width);
  close_with("path", tooltip);
}

void Svg::text(Point at, std::string_view content, std::string_view css, Anchor anchor) {
  body_ += "<text" + css_class(css) + attribute("x", at.x) + attribute("y", at.y);
  if (anchor == Anchor::middle) body_ += " text-anchor=\"middle\"";
  if (anchor == Anchor::end) body_ += " text-anchor=\"end\"";
  body_ += ">" + escape(content) + "</text>\n";
}

std::string Svg::finish() { return std::move(body_) + "</svg></div>\n"; }

double Scale::operator()(double value) const {
  const double held = std::clamp(value, low, high);
  const double share = logarithmic ? std::log(held / low) / std::log(high / low)
                                   : (high > low ? (held - low) / (high - low) : 0);
  return from + share * (to - from);
}

double round_step(double span, int count) {
  if (!(span > 0)) return 1;
  const double raw = span / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

}  // namespace crew
