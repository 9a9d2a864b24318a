# frozen_string_literal: true

require_relative "lib/emanagement/version"

Gem::Specification.new do |spec|
  spec.name = "emanagement"
  spec.version = Emanagement::VERSION
  spec.summary = "Reflects an application's social graph in the rosters of an XMPP server"
  spec.description = "Runs the verbs of the XMPP component emanagement: contacts, presences, messages and rooms."
  spec.authors = ["The emanagement authors"]
  spec.license = "MIT"
  spec.metadata = { "rubygems_mfa_required" => "true" }
  spec.required_ruby_version = ">= 3.1"
  spec.files = Dir.glob("lib/**/*", base: __dir__).reject { |path| File.directory?(File.join(__dir__, path)) } + %w[README.md LICENSE]
  spec.add_runtime_dependency "nokogiri", "~> 1.13"
  spec.add_development_dependency "activejob", ">= 6.1"
  spec.add_development_dependency "activerecord", ">= 6.1"
  spec.add_development_dependency "minitest", ">= 5.17"
  spec.add_development_dependency "railties", ">= 6.1"
  spec.add_development_dependency "rake", ">= 13.0"
  spec.add_development_dependency "sqlite3", ">= 1.4"
end
