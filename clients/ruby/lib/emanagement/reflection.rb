# frozen_string_literal: true

module Emanagement
  # What the concerns have in common: something that happened in the
  # application's database is told to the server, and if that fails the
  # application goes on.
  module Reflection
    # How a model is reflected.
    Settings = Struct.new(:domain, :group, :sender, :receiver, :client, :raises, keyword_init: true)

    private

    # Runs a verb. A refusal or an error leaves a line in the log; an error is
    # raised only where the model was set so.
    def reflect(settings, verb, **arguments)
      result = (settings.client || Emanagement.client).call(verb, **arguments)
      reflection_log(:info, "#{verb}: #{result.outcome}") if result.refused?
    rescue Error => e
      reflection_log(:error, e.message)
      raise if settings.raises
    end

    def reflection_log(level, line)
      self.class.logger&.public_send(level, "emanagement: #{line}")
    end
  end
end
