# frozen_string_literal: true

module Emanagement
  # The escapes of XEP-0106 §3 for characters that a JID's local part cannot contain.
  LOCAL_ESCAPES = {
    " " => '\20', '"' => '\22', "&" => '\26', "'" => '\27', "/" => '\2f', ":" => '\3a', "<" => '\3c', ">" => '\3e', "@" => '\40'
  }.freeze

  # The characters that servers remove from a local part (RFC 3454 table B.1).
  DROPPED = "\u00AD\u034F\u1806\u180B-\u180D\u200B-\u200D\u2060\uFE00-\uFE0F\uFEFF"
  private_constant :LOCAL_ESCAPES, :DROPPED

  class << self
    # Makes a slug from a user's name: "Jonh Doe" becomes jonh-doe. Other characters stay
    # as they are: see local.
    def slug(name)
      name.to_s.strip.downcase.gsub(/[[:space:]]+/, "-")
    end

    # Makes the local part of a user's or a room's JID from a slug. Characters that a JID
    # cannot contain are escaped (XEP-0106). The rest is prepared as servers do it: AnaB
    # becomes anab. Raises a UsageError for a character that cannot be sent.
    def local(slug)
      text = XMLText.clean(slug.to_s) or raise UsageError.new("#{slug.inspect}: a character that cannot be sent", field: "slug")
      escaped = text.strip.gsub(/\\(?=20|22|26|27|2f|3a|3c|3e|40|5c)/i) { '\5c' }.gsub(%r{[ "&'/:<>@]}, LOCAL_ESCAPES)
      prepared(escaped)
    end

    # Whether two JIDs name the same account.
    def same_jid?(one, other)
      [one, other].map { |jid| jid.split("@", 2) }.map { |local, domain| [prepared(local), domain.to_s.downcase] }.uniq.size == 1
    end

    # Prepares a local part as servers do (Nodeprep, RFC 3920 appendix A).
    def prepared(local)
      local.unicode_normalize(:nfkc).downcase(:fold).unicode_normalize(:nfkc).delete(DROPPED)
    end
  end
end
