# frozen_string_literal: true

require_relative "lib/emanagement/version"

Gem::Specification.new do |spec|
  spec.name = "emanagement"
  spec.version = Emanagement::VERSION
  spec.summary = "Reflects an application's social graph in the rosters of an XMPP server"
  spec.description = "Runs the verbs of the XMPP component emanagement: contacts, presences, messages and rooms."
  spec.authors = ["The emanagement authors"]
  spec.license = "MIT"
  spec.required_ruby_version = ">= 3.1"
  spec.files = Dir.glob("lib/**/*.rb", base: __dir__) + ["README.md"]
  spec.add_runtime_dependency "nokogiri", "~> 1.13"
end
