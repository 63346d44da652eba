namespace ImgAlign;

/// <summary>Settings that only one family of models has: each family that has some implements its own, and refuses those of
/// others.</summary>
public interface IFamilySettings;
