# frozen_string_literal: true

require_relative "reflection"

module Emanagement
  # For a model whose records are users. A user with a new slug or name appears in the
  # rosters under the new JID and nick, and no longer under the old ones. Include this
  # module, and call has_rosters.
  module User
    include Reflection

    def self.included(model)
      model.extend(ClassMethods)
    end

    # The class methods of the model.
    module ClassMethods
      attr_reader :roster_ties

      # ties names the associations with the user's ties. Their model includes
      # Emanagement::Tie.
      def has_rosters(ties: %i[sent_ties received_ties])
        @roster_ties = Array(ties)
        before_update { @shown_was ||= [local_in_database(self), attribute_in_database("name")] }
        after_rollback { @shown_was = nil }
        after_update_commit :reflect_on_new_name
      end

      def inherited(subclass)
        super
        subclass.instance_variable_set(:@roster_ties, roster_ties)
      end
    end

    private

    # Writes the new JID and nick into the rosters, and then removes the old JID from
    # them.
    def reflect_on_new_name
      before = @shown_was
      @shown_was = nil
      current = begin
        local_of(self)
      rescue Error => e
        return reflection_log(:error, e.message) # the new name makes no JID
      end
      return if before.nil? || before == [current, name]

      former = before.first
      self.class.roster_ties.flat_map { |ties| public_send(ties).to_a }.each do |tie|
        tie.reflect_on_rosters
        next if former.nil? || former == current

        others = tie.roster_ends - [self]
        others.compact.each { |other| tie.forget_between("#{former}@#{tie.class.roster_settings.domain}", tie.roster_jid(other)) }
      end
    end
  end
end
