namespace ImgAlign;

/// <summary>Settings that only one family of models has: each family that has some derives its own record, and refuses those of others.</summary>
public abstract record FamilySettings;
