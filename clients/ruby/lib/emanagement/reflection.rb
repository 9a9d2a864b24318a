# frozen_string_literal: true

module Emanagement
  # What the concerns have in common: something that happened in the
  # application's database is told to the server, and if that fails the
  # application goes on.
  module Reflection
    # How a model is reflected.
    Settings = Struct.new(:domain, :group, :sender, :receiver, :client, :raises, keyword_init: true)

    private

    # Runs a verb and returns its Result, or nil where that failed. A refusal
    # leaves a line in the log.
    def reflect(settings, verb, **arguments)
      result = ask(settings, verb, **arguments)
      reflection_log(:info, "#{verb}: #{result.outcome}") if result&.refused?
      result
    end

    # The same without such a line. An error leaves one; it is raised only where
    # the model was set so.
    def ask(settings, verb, **arguments)
      (settings.client || Emanagement.client).call(verb, **arguments)
    rescue Error => e
      reflection_log(:error, e.message)
      raise if settings.raises
    end

    # The slug of a user or a group: its own, or one of its name where it has none.
    def slug_of(record)
      slug = record.slug if record.respond_to?(:slug)
      slug.to_s.empty? ? Emanagement.slug(record.name) : slug
    end

    # What an attribute was before the commit that was, nil where it is the same.
    def attribute_before(name)
      previous_changes[name.to_s]&.first
    end

    def reflection_log(level, line)
      self.class.logger&.public_send(level, "emanagement: #{line}")
    end
  end
end
