# frozen_string_literal: true

module Emanagement
  # What stands before the @ in somebody's JID, made of the name: "Jonh Doe" is
  # jonh-doe. Other characters stay as they are; the component refuses those that
  # no JID can have.
  def self.slug(name)
    name.to_s.strip.downcase.gsub(/[[:space:]]+/, "-")
  end
end
