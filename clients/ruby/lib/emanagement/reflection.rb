# frozen_string_literal: true

module Emanagement
  # The common part of the concerns: a change in the application's database is passed on
  # to the server. If that fails, the application goes on.
  module Reflection
    # The settings of a model.
    Settings = Struct.new(:domain, :group, :sender, :receiver, :client, :raises, :async, :queue, keyword_init: true) do
      def initialize(**)
        super
        raise ArgumentError, "async: Active Job is not loaded" if async && !defined?(::ActiveJob)
      end
    end

    # Raises errors during the block instead of only logging them. A job needs that: it
    # is repeated after an error.
    def raising
      @reflection_raises = true
      yield
    ensure
      @reflection_raises = false
    end

    private

    # Runs a verb. Returns its Result, or nil after an error. Logs an error or a refusal.
    def reflect(settings, verb, **arguments)
      result = ask(settings, verb, **arguments)
      reflection_log(:warn, "#{verb}: #{result.outcome}") if result&.refused?
      result
    end

    # Runs the block, and logs an Error that it raises. Raises the error again only if the
    # model is set so, or in a job.
    def reflecting(settings)
      yield
    rescue Error => e
      reflection_log(:error, e.message)
      raise if settings.raises || @reflection_raises
    end

    # Runs a verb as reflect does, without logging a refusal.
    def ask(settings, verb, **arguments)
      reflecting(settings) { (settings.client || Emanagement.client).call(verb, **arguments) }
    end

    # The local part of a user's JID, or of a group's room: made from the slug, or
    # without one from the name.
    def local_of(record)
      local_from(record.respond_to?(:slug) ? record.slug : nil, record.name)
    end

    def local_from(slug, name)
      Emanagement.local(slug.to_s.empty? ? Emanagement.slug(name) : slug)
    end

    # The local part of the record's state in the database, before the save; nil if a
    # server would not accept it.
    def local_in_database(record)
      local_from(record.respond_to?(:slug) ? record.attribute_in_database("slug") : nil, record.attribute_in_database("name"))
    rescue Error
      nil
    end

    # Writes a line to the model's log, or without one to the application's.
    def reflection_log(level, line)
      logger = self.class.logger || (::Rails.logger if defined?(::Rails) && ::Rails.respond_to?(:logger))
      logger ? logger.public_send(level, "emanagement: #{line}") : warn("emanagement: #{line}")
    end
  end
end
