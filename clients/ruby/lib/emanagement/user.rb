# frozen_string_literal: true

require_relative "reflection"

module Emanagement
  # For a model whose records are users: one who gets another slug or name is shown
  # under it, and no longer under the old one. To be included, and set up by
  # has_rosters.
  module User
    include Reflection

    def self.included(model)
      model.extend(ClassMethods)
    end

    # What the model's class gets.
    module ClassMethods
      attr_reader :roster_ties

      # ties names the associations by which a user has ties, whose model includes
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

    # Writes the user into the rosters under the new JID and nick before the old JID
    # is taken out of them.
    def reflect_on_new_name
      before = @shown_was
      @shown_was = nil
      current = begin
        local_of(self)
      rescue Error => e
        return reflection_log(:error, e.message) # nothing can be shown under that name
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
