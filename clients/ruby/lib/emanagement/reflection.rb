# frozen_string_literal: true

module Emanagement
  # What the concerns have in common: something that happened in the
  # application's database is told to the server, and if that fails the
  # application goes on.
  module Reflection
    # How a model is reflected.
    Settings = Struct.new(:domain, :group, :sender, :receiver, :client, :raises, :async, :queue, keyword_init: true) do
      def initialize(**)
        super
        raise ArgumentError, "async: Active Job is not loaded" if async && !defined?(::ActiveJob)
      end
    end

    # Has errors be raised while something is reflected, as a job needs that is to
    # be tried again.
    def raising
      @reflection_raises = true
      yield
    ensure
      @reflection_raises = false
    end

    private

    # Runs a verb and returns its Result, or nil where that failed. A refusal
    # leaves a line in the log.
    def reflect(settings, verb, **arguments)
      result = ask(settings, verb, **arguments)
      reflection_log(:warn, "#{verb}: #{result.outcome}") if result&.refused?
      result
    end

    # Does something, or leaves a line in the log where it raises an Error; that is
    # raised only where the model was set so, or in a job.
    def reflecting(settings)
      yield
    rescue Error => e
      reflection_log(:error, e.message)
      raise if settings.raises || @reflection_raises
    end

    # The same without such a line. An error leaves one; it is raised only where
    # the model was set so.
    def ask(settings, verb, **arguments)
      reflecting(settings) { (settings.client || Emanagement.client).call(verb, **arguments) }
    end

    # What stands before the @ of a user's JID, or is a group's room: of the slug, or
    # of the name where there is none.
    def local_of(record)
      local_from(record.respond_to?(:slug) ? record.slug : nil, record.name)
    end

    def local_from(slug, name)
      Emanagement.local(slug.to_s.empty? ? Emanagement.slug(name) : slug)
    end

    # What it was in the database before what is being saved; nil where that was
    # nothing that a server takes.
    def local_in_database(record)
      local_from(record.respond_to?(:slug) ? record.attribute_in_database("slug") : nil, record.attribute_in_database("name"))
    rescue Error
      nil
    end

    # A line in the model's log or, where it has none, in the application's.
    def reflection_log(level, line)
      logger = self.class.logger || (::Rails.logger if defined?(::Rails) && ::Rails.respond_to?(:logger))
      logger ? logger.public_send(level, "emanagement: #{line}") : warn("emanagement: #{line}")
    end
  end
end
